// In place of the bundle: synthesising needs none.
