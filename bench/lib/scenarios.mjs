// The scenarios, in the order in which they run. A new one gets a folder in scenarios/ and a line here.
import dispatchLatency from '../scenarios/dispatch-latency/scenario.mjs';
import idle from '../scenarios/idle/scenario.mjs';
import workflowLatency from '../scenarios/workflow-latency/scenario.mjs';
import workflowThroughput from '../scenarios/workflow-throughput/scenario.mjs';

/** @type {readonly import('./measure.mjs').Scenario[]} */
export const scenarios = [workflowLatency, workflowThroughput, dispatchLatency, idle];
