// Compiles the daemon once, so that its first start is as quick and as small as the others: run with NODE_COMPILE_CACHE
// set as bin/podboot sets it. Loading these files starts nothing.
import '../src/main.ts';
import '../src/store/sqlite-worker.ts';
