// A shared object that holds no handler.
extern "C" int answer();
extern "C" int answer() {
  return 42;
}
