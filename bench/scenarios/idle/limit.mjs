// A bare Node process that waits for a line: what the runtime itself costs while idle.
import { createInterface } from 'node:readline';

for await (const line of createInterface({ input: process.stdin })) console.log(line);
