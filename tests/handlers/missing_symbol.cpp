// Needs what is nowhere.
void nowhereToBeFound();

extern void (*const needed)();
void (*const needed)() = nowhereToBeFound;
