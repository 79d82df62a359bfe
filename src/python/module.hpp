// The module `taut` of scripts. On the interpreter's thread, as all of Python is.
#pragma once

namespace taut {

// Puts the module where `import taut` finds it, and has the signal interrupt what is not wanted any more. Once.
void makeTautModule(int interruptSignal);

}  // namespace taut
