import { setFlagsFromString } from 'node:v8';

// Loading the sources grows V8's young generation to 64 MB, which it never gives back. src/collector/heap.ts
// lets it grow to what pays. A later V8 that does not know the flag says so in a line on standard error and goes on.
setFlagsFromString('--semi-space-growth-factor=1');
