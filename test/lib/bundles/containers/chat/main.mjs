/** In place of the bundle: synthesising needs none. */
export const placeholder = true;
