// A handler module that can not be loaded.
import { defineHandler } from 'tasker-worker';

export const never = defineHandler('proc.ModuleThrows', {}, () => ({}));
throw new Error('this module throws at its load');
