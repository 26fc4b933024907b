import { wasm } from 'noisefold/backends/wasm';
import { compile, matmul, mean, mul, program, read, square, sub, tanh, type Tensor, upload, using, valueAndGrad } from 'noisefold/dsl'; // prettier-ignore

type Weights = Tensor<[2, 1]>;
const predict = (w: Weights) => (x: Tensor<['B', 2]>) => tanh(matmul(x, w)); // Tensor<['B', 1]>

/** A step of gradient descent on the squared error. */
const step = program({ w: '2 1', x: 'B 2', y: 'B 1' }, ({ w, x, y }) => {
  const { value, grad } = valueAndGrad((w: Weights) => mean(square(sub(predict(w)(x), y))))(w);
  return { w: sub(w, mul(grad, 0.5)), loss: value };
});

const x = Float32Array.of(1, 0, 0, 1, 1, 1, -1, 2);
const y = Float32Array.from([0.5, -0.25, 0.25, -1], Math.tanh);

const learned = using(wasm())((backend) => async () => {
  const compiled = await compile(step, { B: 4 }, { donate: ['w'] })(backend)();
  if (compiled._tag === 'Left') return compiled; // errors are values: nothing throws
  const begun = await upload(Float32Array.of(0, 0), [2, 1])(backend)();
  if (begun._tag === 'Left') return begun;
  let w = begun.right;
  for (let i = 0; i < 100; i++) {
    const result = await compiled.right.run({ w, x, y })(); // w stays on the backend
    if (result._tag === 'Left') return result;
    w = result.right.w;
  }
  return read(w)(backend)();
});

console.log(await learned());
