import { open } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { compile, matmul, mean, mul, program, read, square, sub, tanh, type Tensor, upload, valueAndGrad } from 'noisefold/dsl'; // oxfmt-ignore

type Weights = Tensor<[2, 1]>;
const predict = (w: Weights) => (x: Tensor<['B', 2]>) => tanh(matmul(x, w)); // Tensor<['B', 1]>

/** A step of gradient descent on the squared error. */
const step = program({ w: '2 1', x: 'B 2', y: 'B 1' }, ({ w, x, y }) => {
  const { value, grad } = valueAndGrad((w: Weights) => mean(square(sub(predict(w)(x), y))))(w);
  return { w: sub(w, mul(0.5, grad)), loss: value };
});

const x = Float32Array.of(1, 0, 0, 1, 1, 1, -1, 2);
const y = Float32Array.from([0.5, -0.25, 0.25, -1], Math.tanh);

await using nf = await open(wasm());
const { run } = await nf.run(compile(step, { B: 4 }, { donate: ['w'] }));
let w = await nf.run(upload(Float32Array.of(0, 0), [2, 1]));
for (let i = 0; i < 100; i++) ({ w } = await nf.run(run({ w, x, y }))); // w stays on the backend
console.log(await nf.run(read(w))); // close to [0.5, -0.25]
