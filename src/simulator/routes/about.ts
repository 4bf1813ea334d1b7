/** `/msp/about.php`: the cheapest call that proves credentials and platform (reference, section 16; sample of 2013). */
import { notice } from '../answers.ts';
import { stamp } from '../world/time.ts';
import type { Route } from './route.ts';

export const about: Route = {
  path: '/msp/about.php',
  versions: [],
  ended: [],
  requestedWith: false,
  cookie: false,
  answer: (call) => ({
    status: 200,
    type: 'text/xml',
    rated: true,
    body: [
      `<?xml version="1.0" encoding="UTF-8" ?>\n<!DOCTYPE ABOUT SYSTEM "${call.base}/about.dtd">\n<ABOUT>\n  <API-VERSION MAJOR="1" MINOR="4" />\n  <WEB-VERSION>10.39.1.0-1</WEB-VERSION>\n  <SCANNER-VERSION>14.6.21-1</SCANNER-VERSION>\n  <VULNSIGS-VERSION>2.6.470-2</VULNSIGS-VERSION>\n</ABOUT>\n<!-- Generated for username="${call.user}" date="${stamp(call.now)}" -->\n${notice(call.now)}`,
    ],
  }),
};
