/** `/api/2.0/fo/report/`: the report list, whole, without paging (reference, section 7). */
import { readDate } from '../params.ts';
import { type Report, reportsAt } from '../world/reports.ts';
import { stamp } from '../world/time.ts';
import { cdataElement, element } from '../xml.ts';
import { framed, listElement, where } from './id-page.ts';
import type { Call, Route } from './route.ts';

export const reportList: Route = {
  path: '/api/{version}/fo/report/',
  versions: ['2.0'],
  ended: [],
  requestedWith: true,
  cookie: true,
  parameters: () => ({
    echo_request: 'flag',
    id: 'count',
    state: ['Running', 'Finished', 'Submitted', 'Canceled', 'Errors'],
    user_login: 'free',
    expires_before_datetime: 'moment',
    client_id: 'unsimulated',
    client_name: 'unsimulated',
  }),
  answer: (call) => {
    const reports = where(reportsAt(call.world, call.now), wanted(call));
    const list = listElement(call, '    ', 'REPORT_LIST', reports, reportElement);
    const body = framed(call, 'REPORT_LIST_OUTPUT', '/api/2.0/fo/report/report_list_output.dtd', list);
    return { status: 200, type: 'application/xml', rated: true, body };
  },
};

function wanted({ params }: Call): (report: Report) => boolean {
  const id = params.get('id');
  const state = params.get('state');
  const login = params.get('user_login');
  const before = readDate(params.get('expires_before_datetime') ?? '');
  return (report) =>
    (id === undefined || report.id === Number(id)) &&
    (state === undefined || report.state === state) &&
    (login === undefined || report.userLogin === login) &&
    (before === undefined || report.expires < before);
}

const I = '        ';

function reportElement(report: Report): string {
  return (
    `      <REPORT>\n${I}<ID>${report.id}</ID>\n` +
    cdataElement(I, 'TITLE', report.title) +
    element(I, 'TYPE', report.type) +
    element(I, 'USER_LOGIN', report.userLogin) +
    element(I, 'LAUNCH_DATETIME', stamp(report.launched)) +
    element(I, 'OUTPUT_FORMAT', report.format) +
    element(I, 'SIZE', report.size) +
    `${I}<STATUS>\n` +
    element(`${I}  `, 'STATE', report.state) +
    element(`${I}  `, 'MESSAGE', report.message) +
    element(`${I}  `, 'PERCENT', report.percent) +
    `${I}</STATUS>\n` +
    element(I, 'EXPIRATION_DATETIME', stamp(report.expires)) +
    '      </REPORT>\n'
  );
}
