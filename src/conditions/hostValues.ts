/** The values of conditions as callers give them, on the host. */

/** Numbers with their shape, such as the embeddings that another package returns. */
export interface HostNumbers {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}

/** The class of each sample: its number, from 0, or its name; null for a sample without a class. */
export type HostClasses<N extends string = string> = readonly (number | N | null)[] | ArrayLike<number>;

/** The vector of each sample, null for a sample without one; or all of them, `[n, D]`. */
export type HostVectors = readonly (ArrayLike<number> | null)[] | HostNumbers;

/** The tokens of all samples, `[n, N, D]`, and their mask, `[n, N]`: true for a token, false for padding. */
export interface HostTokenArray extends HostNumbers {
  readonly mask?: ArrayLike<number | boolean>;
}

/** The tokens of each sample, `[N, D]`, null for a sample without tokens; or those of all samples. */
export type HostTokens = readonly (HostNumbers | null)[] | HostTokenArray;

/** The images of all samples, `[n, height, width, C]`, in [-1, 1]. */
export interface HostImages extends HostNumbers {
  /** The timestep whose noise is added to the images, for a network that takes the noise level. */
  readonly t?: number;
}

/** The values of a condition of some samples. A value of one sample serves all. */
export type HostCondition = HostClasses | HostVectors | HostTokens | HostImages;

/** The values of some samples, by the name of the condition. */
export type HostConditions = Readonly<Record<string, HostCondition>>;

/** The values for a condition of the configuration `S`. */
export type HostValues<S> = S extends number
  ? HostClasses
  : S extends readonly (infer N extends string)[]
    ? HostClasses<N>
    : S extends { readonly names: readonly (infer N extends string)[] }
      ? HostClasses<N>
      : S extends { readonly classes: number }
        ? HostClasses
        : S extends { readonly vector: number }
          ? HostVectors
          : S extends { readonly tokens: number }
            ? HostTokens
            : S extends { readonly image: number }
              ? HostImages
              : HostCondition;
