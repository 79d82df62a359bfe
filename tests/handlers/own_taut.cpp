// As an object has it that libtaut.a was linked into.
extern "C" {
extern const char tautLibrary;
const char tautLibrary = 0;
}
