/**
 * The first API, `/msp/….php`: no version, Basic only, no X-Requested-With, no `action`; what it refuses it refuses with
 * status 200, as GENERIC_RETURN or as the ERROR of a list.
 */
import { genericReturn } from '../answers.ts';
import { checkValues, type ParameterKinds } from '../params.ts';
import { Refusal } from '../refusal.ts';
import { escaped } from '../xml.ts';
import type { Answer, Call, Route } from './route.ts';

export interface FirstRoute {
  /** `/msp/user_list.php` */
  readonly path: string;
  readonly parameters: ParameterKinds;
  answer(call: Call): Answer;
}

export function firstRoute({ path, parameters, answer }: FirstRoute): Route {
  return {
    path,
    versions: [],
    ended: [],
    requestedWith: false,
    cookie: false,
    basicOnly: true,
    answer: (call) => {
      try {
        checkValues(call.params, parameters, call.now);
        return answer(call);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return genericReturn(call.base, call.user, call.now, error.code, error.message, path.replace('/msp/', ''));
      }
    },
  };
}

/** Declaration, DOCTYPE and the opening tag. */
export function firstHead(call: Call, root: string, dtd: string): string {
  return `<?xml version="1.0" encoding="UTF-8" ?>\n<!DOCTYPE ${root} SYSTEM "${call.base}/${dtd}">\n<${root}>\n`;
}

/** A list that says why it is none: status 200. */
export function firstError(call: Call, root: string, dtd: string, number: string, text: string): Answer {
  const body = `${firstHead(call, root, dtd)}  <ERROR number="${number}">${escaped(text)}</ERROR>\n</${root}>\n`;
  return { status: 200, type: 'text/xml', rated: true, body: [body] };
}
