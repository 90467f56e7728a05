// The peer's workflow: four steps, one after the other, each made durable before the next begins.
// Runs in a process of its own beside the server, as the peer is meant to be deployed.
import * as restate from '@restatedev/restate-sdk';

import { SERVICE_PORT } from './ports.mjs';

const STEP_NAMES = ['first', 'second', 'third', 'fourth'];

const linear4 = restate.service({
  name: 'linear4',
  handlers: {
    /**
     * @param {restate.Context} ctx
     * @param {{ seq: number }} task
     */
    run: async (ctx, { seq }) => {
      let steps = 0;
      let checksum = 0;
      for (const name of STEP_NAMES) {
        checksum += await ctx.run(name, () => seq);
        steps += 1;
      }
      return { seq, steps, checksum };
    },
  },
});

await restate.serve({ services: [linear4], port: SERVICE_PORT });
