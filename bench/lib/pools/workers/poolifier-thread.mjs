// A thread of poolifier.
import { ThreadWorker } from 'poolifier';

import * as functions from './functions.mjs';

export default new ThreadWorker(/** @type {any} */ ({ ...functions }));
