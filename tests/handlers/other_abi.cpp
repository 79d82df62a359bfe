// What an object has that was built for another version of taut: it begins the same, and goes on otherwise.
extern "C" {
struct Record {
  char mark[16];
  unsigned abi;
  unsigned size;
  char other[400];
};
extern const Record tautHandlerRecord;
const Record tautHandlerRecord = {"taut-handler", 99, 400, {}};
}
