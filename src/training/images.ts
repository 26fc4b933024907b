/** Images on the host, in [-1, 1], row-major. */
export interface Images {
  readonly data: Float32Array;
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
}

/** The first `count` images of batches that are all of one size. */
export const imagesOf = (
  count: number,
  image: readonly [height: number, width: number, channels: number],
  batches: readonly (Float32Array | Float64Array)[],
): Images => {
  const [height, width, channels] = image;
  const data = new Float32Array(count * height * width * channels);
  batches.forEach((batch, b) => {
    const from = b * batch.length;
    data.set(batch.subarray(0, data.length - from), from);
  });
  return { data, shape: [count, ...image] };
};
