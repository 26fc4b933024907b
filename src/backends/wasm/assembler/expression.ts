/** WebAssembly instructions as data: the typed expressions that the encoder reads. */

/** The value types that kernels use. */
export type ValueType = 'i32' | 'f32' | 'v128';

/** Type of the value that an expression leaves on the stack; `'void'` for a statement. */
export type ResultType = ValueType | 'void';

/** An instruction with its operands, in the form `code` that the encoder reads. */
export interface Expr<T extends ResultType = ResultType> {
  readonly type: T;
  readonly code: Code;
}

/** A statement: an expression that leaves nothing on the stack. */
export type Statement = Expr<'void'>;

/** A statement or a sequence of statements. Nested sequences are flattened, so a helper may return several. */
export type Body = Statement | readonly Body[];

/** A named local variable or parameter. As an expression, it reads the variable. */
export interface Local<T extends ValueType = ValueType> extends Expr<T> {
  readonly name: string;
}

/** An expression, or a number that becomes a constant. */
export type Operand<T extends ValueType> = Expr<T> | number;

export type Code =
  | { readonly kind: 'op'; readonly bytes: readonly number[]; readonly operands: readonly Expr[] }
  | { readonly kind: 'get'; readonly name: string; readonly type: ValueType }
  | { readonly kind: 'set' | 'tee'; readonly local: Local; readonly value: Expr }
  | { readonly kind: 'block' | 'loop'; readonly label: string; readonly body: readonly Expr[] }
  | {
      readonly kind: 'if';
      readonly test: Expr;
      readonly then: readonly Expr[];
      readonly otherwise: readonly Expr[];
    }
  | { readonly kind: 'branch'; readonly label: string; readonly test?: Expr }
  | { readonly kind: 'call'; readonly name: string; readonly operands: readonly Expr[] }
  | { readonly kind: 'callTable'; readonly operands: readonly Expr[] };
