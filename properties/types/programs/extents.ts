/** Numbers that do not fit: odd halves, parts that do not add up, groups that do not divide. */
import { group, hit, right, wrong } from './program.js';

export const halves = group('halves', {
  // wrong
  'half of seven': wrong`
    halve(«zeros(8, 7)»)
  `,
  'half of seven rows': wrong`
    halve(«zeros(7, 8)», 0)
  `,
  'half of seven in a pipe': wrong`
    pipe(zeros(8, 7), «halve()»)
  `,
  'half of three channels in a layer': wrong`
    const gated = <B extends Dim>(x: Tensor<[B, 28, 28, 3]>) => {
      const [value, gate] = halve(«x»);
      return mul(value, sigmoid(gate));
    };
  `,
  'an image of fifteen pixels pooled': wrong`
    averagePool(«zeros(1, 15, 16, 3)»)
  `,
  'an image of an odd width pooled': wrong`
    maxPool(«zeros(1, 16, 15, 3)»)
  `,
  'an image pooled once too often': wrong`
    pipe(zeros(8, 28, 28, 3), averagePool, averagePool, «averagePool»)
  `,
  'an image pooled once too often, data first': wrong`
    averagePool(«maxPool(maxPool(zeros(8, 28, 28, 3)))»)
  `,
  'an odd image of a program pooled': wrong`
    program('B 15 15 3', (x) => maxPool(«x»))
  `,
  'an odd image downsampled': wrong`
    downsample(«zeros(1, 7, 7, 16)», zeros(3, 3, 16, 16))
  `,
  'an odd image in a layer that downsamples': wrong`
    const down = downsampleLayer({ channels: 16 });
    program({ params: down.params }, ({ params }) => down.apply(params)(«zeros(2, 7, 7, 16)»));
  `,
  'an odd image in a layer that downsamples, in a pipe': wrong`
    const down = downsampleLayer({ channels: 16 });
    program({ params: down.params }, ({ params }) => pipe(zeros(2, 7, 7, 16), «down.apply(params)», silu));
  `,
  'an odd image in a block that downsamples': wrong`
    const down = downsampleBlock({ inputs: 16, outputs: 16, embedding: 8, groups: 4 });
    program({ params: down.params }, ({ params }) => down.apply(params)(«zeros(2, 9, 8, 16)», { embedding: zeros(2, 8) }));
  `,
  'an odd image that is halved and doubled': wrong`
    upsample(averagePool(«zeros(1, 9, 8, 3)»))
  `,
  'an odd image that is halved, doubled and joined': wrong`
    const x = zeros(1, 8, 9, 3);
    concat(x, upsample(averagePool(«x»)));
  `,
  'an odd image unshuffled': wrong`
    pixelUnshuffle(«zeros(1, 7, 8, 3), 2»)
  `,
  'channels that are no multiple of four shuffled': wrong`
    pixelShuffle(«zeros(1, 8, 8, 6), 2»)
  `,
  'channels that are no multiple of nine shuffled in a pipe': wrong`
    pipe(zeros(1, 8, 8, 12), «pixelShuffle(3)»)
  `,

  // right
  'halves of a double': right`
    program('B 2*C', (x): Tensor<['B', 'C']> => {
      const [value, gate] = halve(x);
      return mul(value, sigmoid(gate));
    })
  `,
  'halves of a wide extent': right`
    const [a, b] = halve(zeros(8, Number('6')));
    const both: Tensor<[8, Dim]> = add(a, b);
  `,
  'an image pooled twice': right`
    const y: Tensor<[8, 7, 7, 3]> = pipe(zeros(8, 28, 28, 3), averagePool, maxPool);
  `,
  'an image downsampled and upsampled': right`
    program('B H W 3', (x): Tensor<['B', 'H', 'W', 6]> => concat(x, upsample(averagePool(x))))
  `,
  'an odd image of unknown size pooled': right`
    averagePool(zeros(1, Number('16'), 16, 3))
  `,
  'pixels shuffled and unshuffled': right`
    const y: Tensor<[2, 8, 8, 12]> = pipe(zeros(2, 8, 8, 12), pixelShuffle(2), pixelUnshuffle(2));
  `,
});

export const literals = group('literals', {
  // wrong
  'parts that do not add up': wrong`
    split(zeros(8, 24), «[8, 8]»)
  `,
  'parts that add up to too much': wrong`
    split(zeros(8, 24), «[8, 8, 16]»)
  `,
  'parts that do not add up, in a pipe': wrong`
    pipe(zeros(8, 24), «split([8, 8])»)
  `,
  'the parts of another axis': wrong`
    split(zeros(24, 8), «[8, 8, 8]»)
  `,
  'queries, keys and values of other channels': wrong`
    const qkv = linearLayer({ inputs: 64, outputs: 128 });
    program({ params: qkv.params }, ({ params }) => split(qkv.apply(params)(zeros(8, 64)), «[64, 64, 64]»));
  `,
  'a slice beyond the end': wrong`
    slice(zeros(8, 24), 1, «20, 8»)
  `,
  'a slice that is longer than its axis': wrong`
    slice(zeros(8, 24), 0, «0, 9»)
  `,
  'a slice beyond the end, in a pipe': wrong`
    pipe(zeros(8, 24), «slice(1, 20, 8)»)
  `,
  'a slice from beyond the beginning': wrong`
    slice(zeros(8, 24), 0, «-9, 2»)
  `,
  'five elements broadcast to six': wrong`
    broadcastTo(zeros(5), «6»)
  `,
  'five elements broadcast to six columns': wrong`
    broadcastTo(zeros(5), «8, 6»)
  `,
  'a matrix broadcast to fewer axes': wrong`
    broadcastTo(zeros(8, 5), «5»)
  `,
  'a row broadcast like another matrix': hit`
    broadcastLike(zeros(5), «zeros(8, 6)»)
  `,
  'five heads of sixty-four channels': wrong`
    attention(zeros(2, 16, 64), zeros(2, 16, 64), zeros(2, 16, 64), { «heads: 5» })
  `,
  'five heads of an attention block': wrong`
    attentionBlock({ channels: 64, «heads: 5», groups: 8 })
  `,
  'a constant number of heads that does not divide': wrong`
    const heads = 5;
    attention(zeros(2, 16, 64), zeros(2, 16, 64), zeros(2, 16, 64), { «heads» });
  `,
  'a constant number of groups that does not divide': wrong`
    const groups = 4;
    groupNormLayer({ channels: 30, «groups» });
  `,
  'a constant number of groups of a norm': wrong`
    const groups = 4;
    standardizeGroups(zeros(1, 8, 8, 30), { «groups» });
  `,
  'two extents that are inferred': wrong`
    reshape(zeros(8, 28, 28), «-1, -1»)
  `,
  'a list that is joined to a matrix': wrong`
    concat(zeros(4, 8), «zeros(8)»)
  `,
  'heads of forty-eight channels each': wrong`
    attentionBlock({ channels: 64, «heads: { channels: 48 }», groups: 8 })
  `,
  'eight groups of thirty channels': wrong`
    groupNormLayer({ channels: 30, «groups: 8» })
  `,
  'eight groups of thirty channels of an image': wrong`
    standardizeGroups(zeros(1, 8, 8, 30), { «groups: 8» })
  `,
  'eight groups of thirty channels with parameters': wrong`
    groupNorm(zeros(1, 8, 8, 30), { gamma: ones(30), beta: zeros(30) }, { «groups: 8» })
  `,
  'eight groups of thirty channels in a residual block': wrong`
    residualBlock({ inputs: 30, outputs: 64, embedding: 32, «groups: 8» })
  `,
  'eight groups of thirty output channels in a residual block': wrong`
    residualBlock({ inputs: 64, outputs: 30, embedding: 32, «groups: 8» })
  `,
  'more elements than the axis has': wrong`
    topK(zeros(8, 10), «11»)
  `,
  'more elements than the axis has, in a pipe': wrong`
    pipe(zeros(8, 10), «topK(11)»)
  `,
  'sixty-four channels ascribed as thirty-two': wrong`
    ascribe(zeros(Number('8'), 64), 8, «32»)
  `,
  'sixty-four channels ascribed as thirty-two, in a pipe': hit`
    pipe(zeros(Number('8'), 64), «ascribe(8, 32)»)
  `,
  'a matrix ascribed as a vector': wrong`
    ascribe(zeros(8, 64), «512»)
  `,
  'the channels of one image ascribed like another': hit`
    ascribeLike(zeros(Number('8'), 64), «zeros(8, 32)»)
  `,
  'seven numbers for six elements': wrong`
    constantOf(«[1, 2, 3, 4, 5, 6, 7]», 2, 3)
  `,
  'five numbers for a vector of six': wrong`
    constantOf(«[1, 2, 3, 4, 5]», 6)
  `,
  'elements that do not fill another shape': wrong`
    reshape(zeros(8, 28, 28), «8, 783»)
  `,
  'elements that do not fill another shape, in a pipe': wrong`
    pipe(zeros(8, 28, 28), «reshape(8, 783)»)
  `,
  'a rest that is no whole number': wrong`
    reshape(zeros(8, 28), «-1, 10»)
  `,

  // right
  'parts that add up': right`
    const [q, k, v] = split(zeros(8, 192), [64, 64, 64]);
    const y: Tensor<[8, 8]> = matmul(q, transpose(add(k, v), 1, 0));
  `,
  'parts of another axis that add up': right`
    const [a, b]: readonly [Tensor<[1, 8]>, Tensor<[23, 8]>] = split(zeros(24, 8), [1, 23], 0);
  `,
  'parts of a wide axis': right`
    split(zeros(8, Number('24')), [8, 16])
  `,
  'parts of unknown size': right`
    const n = Number('12');
    split(zeros(8, 24), [n, n]);
  `,
  'the last elements': right`
    const y: Tensor<[8, 4]> = slice(zeros(8, 24), 1, 20, 4);
  `,
  'the last elements, counted from the end': right`
    const y: Tensor<[8, 4]> = slice(zeros(8, 24), 1, -4, 4);
  `,
  'every second element': right`
    const y: Tensor<[8, 12]> = slice(zeros(8, 24), 1, 0, 12, 2);
  `,
  'one element broadcast to six': right`
    const y: Tensor<[8, 6]> = broadcastTo(zeros(1), 8, 6);
  `,
  'a column broadcast to a matrix': right`
    const y: Tensor<[8, 6]> = broadcastTo(zeros(8, 1), 8, 6);
  `,
  'all elements in descending order': right`
    const y: Tensor<[8, 10]> = topK(zeros(8, 10), 10).values;
  `,
  'a wide extent ascribed': right`
    const y: Tensor<[8, 64]> = ascribe(zeros(Number('8'), 64), 8, 64);
  `,
  'a count of heads that is known at run time': right`
    attentionBlock({ channels: 64, heads: Number('4'), groups: 8 })
  `,
  'heads of thirty-two channels each': right`
    attentionBlock({ channels: 64, heads: { channels: 32 }, groups: 8 })
  `,
  'groups by a rule': right`
    groupNormLayer({ channels: 32, groups: { channels: 4, most: 32 } })
  `,
  'six numbers for six elements': right`
    const y: Tensor<[2, 3]> = constantOf([1, 2, 3, 4, 5, 6], 2, 3);
  `,
  'numbers of a typed array': right`
    const y: Tensor<[2, 3], 'int32'> = constantOf(Int32Array.of(1, 2, 3, 4, 5, 6), 2, 3);
  `,
  'a table in place of a matrix of known numbers': right`
    const y: Tensor<[3]> = mul(table([0.9, 0.5, 0.1]), constantOf([1, 2, 3], 3));
    const vector = <N extends number>(n: Extent<N>, numbers: readonly number[]) => constantOf(numbers, n);
  `,
  'elements that fill another shape': right`
    const y: Tensor<[8, 784]> = reshape(zeros(8, 28, 28), 8, -1);
  `,
});
