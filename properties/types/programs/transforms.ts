/** Functions that transform functions: gradients, batches, loops. */
import { group, right, wrong } from './program.js';

export const transforms = group(
  'transforms',
  {
    // wrong
    'the gradient of a function that is no scalar': wrong`
      grad(«(x: Tensor<[4]>) => square(x)»)
    `,
    'the gradient of a loss of each sample': wrong`
      valueAndGrad(«(w: Tensor<[2, 1]>) => squeeze(matmul(zeros(8, 2), w), 1)»)
    `,
    'the gradient at another point': wrong`
      grad(energy)(«zeros(5)»)
    `,
    'a gradient with another number of arguments': wrong`
      «grad((x: Tensor<[4]>, y: Tensor<[4]>) => sum(mul(x, y)))(zeros(4))»
    `,
    'a step along the gradient of another tensor': wrong`
      const { grad: g } = valueAndGrad(({ w, b }: Parameters) => sum(addBias(w, b)))({ w: zeros(4, 2), b: zeros(2) });
      sub(zeros(4, 2), «g.b»);
    `,
    'a value that is taken for the gradient': wrong`
      const both = valueAndGrad(energy)(zeros(4));
      sub(zeros(4), «both»);
    `,
    'a gradient that is not called': wrong`
      sub(zeros(4), «grad(energy)»)
    `,
    'the gradient of integers': wrong`
      const g = grad(({ x, t }: { readonly x: Tensor<[4]>; readonly t: Tensor<[4], 'int32'> }) =>
        sum(mul(x, cast(t, 'float32'))))({ x: zeros(4), t: iota(4) });
      add(iota(4), «g.t»);
    `,
    'auxiliary results without a value': wrong`
      valueAuxAndGrad(«(x: Tensor<[4]>) => ({ value: sum(x), aux: x })»)
    `,
    'a cotangent of the argument': wrong`
      const { pullback } = vjp((x: Tensor<[4]>) => matmul(expandDims(x, 0), zeros(4, 2)))(zeros(4));
      pullback(«zeros(4)»);
    `,
    'a tangent of the value': wrong`
      jvp((x: Tensor<[4, 2]>) => sum(x, 1))(zeros(4, 2), «zeros(4)»)
    `,
    'a batch of other examples': wrong`
      vmap(energy)(«zeros(8, 5)»)
    `,
    'a batch of batches': wrong`
      vmap(energy)(«zeros(8, 3, 4)»)
    `,
    'one example for a batch': wrong`
      vmap(energy)(«zeros(4)»)
    `,
    'a batch of two lengths': wrong`
      vmap(({ a, b }: { readonly a: Tensor<[4]>; readonly b: Tensor<[4]> }) => sum(mul(a, b)))(
        «{ a: zeros(8, 4), b: zeros(7, 4) }»,
      )
    `,
    'a batch of keys': wrong`
      program('key', (key) => vmap((k: Key) => normal(k, 3))(«key»))
    `,
    'a batch of other examples in a pipe': wrong`
      pipe(zeros(8, 5), «vmap(energy)»)
    `,
    'the results of a batch without its axis': wrong`
      const «y»: Scalar = vmap(energy)(zeros(8, 4));
    `,
    'a carry of another shape': wrong`
      scan(«(h: Tensor<[4]>, x: Tensor<[4]>) => [stack([h, x]), x] as const»)
    `,
    'a first state of another shape': wrong`
      scan((h: Tensor<[4]>, x: Tensor<[4]>) => [add(h, x), x] as const)(«zeros(5)», zeros(8, 4))
    `,
    'a sequence of other elements': wrong`
      scan((h: Tensor<[4]>, x: Tensor<[4]>) => [add(h, x), x] as const)(zeros(4), «zeros(8, 5)»)
    `,
    'the results of a scan with the carry first': wrong`
      const [carry, ys] = scan((h: Tensor<[4]>, x: Tensor<[4]>) => [add(h, x), x] as const)(zeros(4), zeros(8, 4));
      add(carry, «ys»);
    `,
    'a checkpoint of a value': wrong`
      checkpoint(«energy(zeros(4))»)
    `,
    'a checkpoint at another point': wrong`
      checkpoint(energy)(«zeros(5)»)
    `,
    'a derivative of its own of another shape': wrong`
      customVjp((x: Tensor<[4]>) => matmul(expandDims(x, 0), zeros(4, 2)), «() => (cotangent) => cotangent»)
    `,
    'a derivative of its own without the cotangent': wrong`
      customVjp((x: Tensor<[4]>) => exp(x), «(x, y) => y»)
    `,
    'a step without the inputs that change': wrong`
      declare const step: Executable<
        { readonly w: Value<[2]>; readonly rate: Value<[]> },
        { readonly w: Value<[2]>; readonly loss: Value<[]> }
      >;
      iterate(step, «{ times: 3 }»);
    `,
    'an average of trees of other forms': wrong`
      zipTensors([{ w: zeros(2) }, «{ v: zeros(2) }»], (a, b) => add(a, b))
    `,

    // right
    'a step of gradient descent': right`
      const { value, grad: g } = valueAndGrad(({ w, b }: Parameters) => mean(addBias(w, b)))({
        w: zeros(4, 2),
        b: zeros(2),
      });
      const next: Tensor<[4, 2]> = sub(zeros(4, 2), mul(value, g.w));
    `,
    'the gradient of each example': right`
      const y: Tensor<[8, 4]> = vmap(grad(energy))(zeros(8, 4));
    `,
    'the gradient in a generic function': right`
      const score = <B extends Dim>(x: Tensor<[B, 4]>): Tensor<[B, 4]> =>
        neg(grad((y: Tensor<[B, 4]>) => sum(square(y)))(x));
      const y: Tensor<[8, 4]> = score(zeros(8, 4));
    `,
    'a pullback and a pushforward': right`
      const f = (x: Tensor<[4, 2]>) => sum(x, 1);
      const x: Tensor<[4, 2]> = vjp(f)(zeros(4, 2)).pullback(zeros(4));
      const y: Tensor<[4]> = jvp(f)(zeros(4, 2), ones(4, 2)).tangent;
    `,
    'a batch in a pipe': right`
      const y: Tensor<[8]> = pipe(zeros(8, 4), vmap((x) => sum(square(x))));
    `,
    'a batch of batches, mapped twice': right`
      const y: Tensor<[8, 3]> = vmap(vmap(energy))(zeros(8, 3, 4));
    `,
    'a scan with a record': right`
      const [{ h }, ys] = scan(({ h }: { readonly h: Tensor<[4]> }, x: Tensor<[4]>) => [{ h: add(h, x) }, sum(x)] as const)(
        { h: zeros(4) },
        zeros(8, 4),
      );
      const y: Tensor<[8]> = add(ys, sum(h));
    `,
    'a checkpoint in a generic function': right`
      const block = <B extends Dim>(x: Tensor<[B, 4]>): Tensor<[B, 4]> => checkpoint((y: Tensor<[B, 4]>) => tanh(y))(x);
      const y: Tensor<[8, 4]> = block(zeros(8, 4));
    `,
    'a derivative of its own': right`
      const clamped = customVjp(
        (x: Tensor<[4]>) => clip(x, -1, 1),
        () => (cotangent) => cotangent,
      );
      const y: Tensor<[4]> = clamped(zeros(4));
    `,
  },
  right`
    const energy = (x: Tensor<[4]>): Scalar => sum(square(x));
    type Parameters = { readonly w: Tensor<[4, 2]>; readonly b: Tensor<[2]> };
  `,
);
