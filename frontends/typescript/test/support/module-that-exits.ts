// A handler module that takes its process with it when it is loaded.
import { defineHandler } from 'tasker-worker';

export const never = defineHandler('proc.ModuleExits', {}, () => ({}));
process.exit(9);
