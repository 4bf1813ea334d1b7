/** What happens next. The group decides; the code only names. */
export type Next =
  | 'retry' // the same call again later, with jitter or after the wait Qualys names
  | 'isolate' // the same input fails again: halve the page until the culprit stands alone
  | 'stop_stream' // this data set cannot go on without an operator
  | 'stop_connection' // nothing on this connection can go on (credentials, account)
  | 'stop_process' // configuration or installation; said once, at the start
  | 'park'; // one event a sink refused for good
