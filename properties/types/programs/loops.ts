/** Training loops, written by hand: each is right, and each small change of it is a mistake. */
import { group, mistake, right, wrong } from './program.js';

const descent = right`
  type Weights = Tensor<[2, 1]>;
  const predict = (w: Weights) => (x: Tensor<['B', 2]>) => tanh(matmul(x, w));
  const step = program({ w: '2 1', x: 'B 2', y: 'B 1' }, ({ w, x, y }) => {
    const { value, grad } = valueAndGrad((w: Weights) => mean(square(sub(predict(w)(x), y))))(w);
    return { w: sub(w, mul(0.5, grad)), loss: value };
  });
  const { run } = await nf.run(compile(step, { B: 4 }, { donate: ['w'] }));
  let w = await nf.run(upload(Float32Array.of(0, 0), [2, 1]));
  const [x, y] = [new Float32Array(8), new Float32Array(4)];
  for (let i = 0; i < 100; i++) ({ w } = await nf.run(run({ w, x, y })));
  console.log(await nf.run(read(w)));
`;

const learning = right`
  const model = layer({ last: linearLayer({ inputs: 2, outputs: 1 }) }, ({ last }) =>
    <B extends Dim>(x: Tensor<[B, 2]>): Tensor<[B]> => squeeze(last(x), 1));
  type Params = ReturnType<typeof model.init>;
  const logistic = (params: Params, x: Tensor<['B', 2]>, y: Tensor<['B']>) => {
    const margin = mul(y, model.apply(params)(x));
    return [mean(softplus(neg(margin))), { accuracy: mean(cast(greater(margin, 0), 'float32')) }] as const;
  };
  const { state, init, update } = learner(model, chain(clipByGlobalNorm(1), adam({ learningRate: 1e-2 })));
  const train = program({ learned: state, x: 'B 2', y: 'B' }, ({ learned, x, y }) => {
    const { value, aux, grad } = valueAuxAndGrad(logistic)(learned.params, x, y);
    return { learned: update(grad, learned), loss: value, ...aux };
  });
  const start = await nf.run(compile(program('key', init), {}));
  const step = await nf.run(compile(train, { B: 128 }, { donate: ['learned'] }));
  const inputs = () => ({ x: new Float32Array(256), y: new Float32Array(128) });
  const trained = await nf.run(iterate(step, { times: 300, inputs })({ learned: await nf.run(start.run(key(7))) }));
`;

export const loops = group(
  'loops',
  {
    // right
    'gradient descent': descent,
    'a learner': learning,

    // wrong
    'gradient descent on a loss of each sample': mistake(descent, [
      '(w: Weights) => mean(square(sub(predict(w)(x), y)))',
      '«(w: Weights) => square(sub(predict(w)(x), y))»',
    ]),
    'gradient descent with targets of another rank': mistake(
      descent,
      ["y: 'B 1'", "y: 'B'"],
      ['sub(predict(w)(x), y)', 'sub(predict(w)(x), «y»)'],
    ),
    'gradient descent that predicts by the inputs': mistake(descent, ['predict(w)(x)', 'predict(«x»)(x)']),
    'gradient descent that scales a record': mistake(descent, ['mul(0.5, grad)', 'mul(0.5, «{ grad }»)']),
    'a learner of parameters, not of a model': wrong`
      const model = linearLayer({ inputs: 2, outputs: 1 });
      learner(«model.params», adam({ learningRate: 1e-2 }));
    `,
    'a learner whose margin is multiplied by labels of integers': mistake(
      learning,
      ["y: Tensor<['B']>) => {", "y: Tensor<['B'], 'int32'>) => {"],
      ['mul(y, model.apply(params)(x))', 'mul(model.apply(params)(x), «y»)'],
      ["{ learned: state, x: 'B 2', y: 'B' }", "{ learned: state, x: 'B 2', y: 'B:int32' }"],
      ['y: new Float32Array(128)', 'y: new Int32Array(128)'],
    ),
    'gradient descent that is compiled for no batch': mistake(descent, ['{ B: 4 }, {', '«{}», {']),
    'gradient descent that is compiled for a batch and a width': mistake(descent, [
      '{ B: 4 }, {',
      '{ B: 4, «W: 2» }, {',
    ]),
    'gradient descent that donates its loss': mistake(descent, ["['w']", "[«'loss'»]"]),
    'gradient descent without its targets': mistake(descent, ['run({ w, x, y })', 'run(«{ w, x }»)']),
    'gradient descent that is not awaited': mistake(descent, [
      '({ w } = await nf.run(run({ w, x, y })))',
      '({ «w» } = nf.run(run({ w, x, y })))',
    ]),
    'gradient descent that does not run its steps': mistake(descent, [
      '({ w } = await nf.run(run({ w, x, y })))',
      '({ w } = «await run({ w, x, y })»)',
    ]),
    'a learner of another number of features': mistake(
      learning,
      ["{ learned: state, x: 'B 2', y: 'B' }", "{ learned: state, x: 'B 3', y: 'B' }"],
      ['learned.params, x, y)', 'learned.params, «x», y)'],
      ['Float32Array(256)', 'Float32Array(384)'],
    ),
    'a learner whose scores keep an axis': mistake(learning, [
      'Tensor<[B]> => squeeze(last(x), 1)',
      'Tensor<[B]> => «last(x)»',
    ]),
    'a learner that updates by its state': mistake(learning, ['update(grad, learned)', 'update(«learned, grad»)']),
    'a learner that updates the parameters alone': mistake(learning, [
      'update(grad, learned)',
      'update(grad, «learned.params»)',
    ]),
    'a learner with a transformation after the optimizer': mistake(learning, [
      'chain(clipByGlobalNorm(1), adam({ learningRate: 1e-2 }))',
      'chain(«adam({ learningRate: 1e-2 }), clipByGlobalNorm(1)»)',
    ]),
    'a learner that starts from a seed': mistake(learning, ['start.run(key(7))', 'start.run(«7»)']),
    'a learner that counts its times in words': mistake(learning, ['times: 300', "«times: '300'»"]),
    'a learner without its inputs': mistake(
      learning,
      ['{ times: 300, inputs }', '«{ times: 300 }»'],
      ['const inputs =', 'const given ='],
    ),
    'a learner with an accuracy of conditions': mistake(learning, [
      "mean(cast(greater(margin, 0), 'float32'))",
      'mean(«greater(margin, 0)»)',
    ]),
  },
  right`
    declare const nf: Noisefold;
  `,
);
