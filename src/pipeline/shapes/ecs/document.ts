import type { ShapedEvent, ShapeFacts } from '../event.ts';
import type { Finding } from '../finding.ts';
import type { Host } from '../host.ts';

/** What a data set says besides what all have. */
export interface EcsDocument {
  /** Members of `event`. */
  readonly event?: Readonly<Record<string, unknown>>;
  /** Other fields of the common schema. */
  readonly document?: Readonly<Record<string, unknown>>;
  /** The record under the vendor's name, where it is not as `fieldNames` makes it. */
  readonly vendor?: unknown;
  /** `observer.product`. */
  readonly product?: string;
}

export interface Around {
  readonly facts: ShapeFacts;
  readonly host: Host | undefined;
  readonly finding: Finding | undefined;
}

export type Document = (event: ShapedEvent, around: Around) => EcsDocument;
