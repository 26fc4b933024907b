/** Arithmetic of integers that WGSL lacks. */
export const INTEGERS = {
  // the upper 32 bits of the product of unsigned numbers
  highProduct: `
fn highProduct(x: I, y: I) -> I {
  let a = U(x);
  let b = U(y);
  let low = (a & U(0xffffu)) * (b & U(0xffffu));
  let middle = (a >> U(16u)) * (b & U(0xffffu)) + (low >> U(16u));
  let other = (a & U(0xffffu)) * (b >> U(16u)) + (middle & U(0xffffu));
  return I((a >> U(16u)) * (b >> U(16u)) + (middle >> U(16u)) + (other >> U(16u)));
}`,
} as const;
