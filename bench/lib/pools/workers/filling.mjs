/** Makes a result document of 284 bytes. */
export const FILLING = 'x'.repeat(72);
