/** A call Qualys refuses: thrown by parameter checks and routes, answered as SIMPLE_RETURN by the server. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, text: string) {
    super(text);
    this.status = status;
    this.code = code;
  }
}
