globalThis.placeholder = true;
