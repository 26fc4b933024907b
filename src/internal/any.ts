/** True for `any`, which is assignable to every type except `never`. */
export type IsAny<T> = 0 extends 1 & T ? true : false;
