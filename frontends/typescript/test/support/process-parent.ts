// A program with a pool whose only child is in an endless loop, to be killed: prints the child's process id.
import { PoolRig } from './process-rig.js';

const rig = new PoolRig(['proc.Endless', 'proc.Talk'], { poolSize: 1 });
await rig.pool.start();
rig.give('proc.Endless');
process.stdout.write(`${rig.pool.pids.join()}\n`);
