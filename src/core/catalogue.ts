import type { Next } from './next.ts';

interface Entry {
  readonly next: Next;
  readonly title: string;
  readonly why: string;
  readonly fix: string;
}

/**
 * Every error code Quarry can give. 1xxx configuration, 2xxx Qualys, 3xxx reading answers, 4xxx store and outbox,
 * 5xxx sinks, 6xxx collector and command line, 9xxx defects of ours. Codes are never reused.
 * `docs/reference/errors.md` is generated from this table.
 */
export const CATALOGUE = {
  QRY1001: {
    next: 'stop_process',
    title: 'Configuration file not found',
    why: 'No configuration file is where Quarry looks for one.',
    fix: 'Name it with -c, set QUARRY_CONFIG, or make one with `quarry init`.',
  },
  QRY1002: {
    next: 'stop_process',
    title: 'Configuration is not valid YAML',
    why: 'The file cannot be read as YAML.',
    fix: 'Mend the line named above.',
  },
  QRY1003: {
    next: 'stop_process',
    title: 'Configuration does not fit the schema',
    why: 'A key or value is not what Quarry expects.',
    fix: 'Mend the lines named above; `quarry validate --offline` checks again.',
  },
  QRY1004: {
    next: 'stop_process',
    title: 'A reference in the configuration cannot be resolved',
    why: 'A variable is not set or a file cannot be read.',
    fix: 'Set the variable, give a default with ${NAME:-default}, or mend the path.',
  },
  QRY1005: {
    next: 'stop_process',
    title: 'Configuration file cannot be read',
    why: 'The file is there, but it cannot be opened or is not UTF-8 text.',
    fix: 'Check path, owner and mode.',
  },
  QRY1006: {
    next: 'stop_process',
    title: 'Parts of the configuration do not go together',
    why: 'Settings exclude or need each other, or a name leads nowhere.',
    fix: 'Mend the lines named above; `quarry validate --offline` checks again.',
  },
  QRY1010: {
    next: 'stop_process',
    title: 'Unknown platform',
    why: 'No Qualys platform has this name.',
    fix: 'Take the name from the list shown, or give api_url for a private platform.',
  },
  QRY1011: {
    next: 'stop_process',
    title: 'Not an address',
    why: 'The address is not a web address.',
    fix: 'Write it like https://qualysapi.qualys.com.',
  },
  QRY1012: {
    next: 'stop_process',
    title: 'Plain HTTP refused',
    why: 'Credentials would cross the network readable.',
    fix: 'Write https://; plain HTTP is only for this machine.',
  },
  QRY1013: {
    next: 'stop_process',
    title: 'Not the address of an API server',
    why: 'The address belongs to the console or to the gateway, which do not answer API calls.',
    fix: 'Use the API server named above.',
  },
  QRY1014: {
    next: 'stop_process',
    title: 'No platform and no address',
    why: 'The connection does not say where its Qualys account lives.',
    fix: 'Give platform (US1, EU2 …) or api_url; About in the Qualys console names both.',
  },
  QRY1015: {
    next: 'stop_process',
    title: 'Credentials in an address',
    why: 'A user name or password stands inside a URL, where logs and errors would show it.',
    fix: 'Move it to username and password.',
  },
  QRY1016: {
    next: 'stop_process',
    title: 'Certificate authority cannot be used',
    why: 'What tls.ca names is not a certificate in PEM form.',
    fix: 'Give a file with one or more CERTIFICATE blocks.',
  },
  QRY1020: {
    next: 'stop_process',
    title: 'Devo collector configuration not supported yet',
    why: 'The file has the layout of a Devo collector (globals, inputs, outputs), which this version does not read.',
    fix: 'Write a quarry.yaml with `quarry init`: the same platform, user and data sets, and a sink.',
  },
  QRY2001: {
    next: 'retry',
    title: 'Qualys cannot be reached',
    why: 'The connection could not be made or was cut.',
    fix: 'Nothing, if it passes; else check name resolution, firewall and proxy.',
  },
  QRY2002: {
    next: 'retry',
    title: 'Qualys did not answer in time',
    why: 'No byte came for the idle time-out, or the answer passed its total deadline.',
    fix: 'Nothing, if it passes; else make pages smaller (page_size).',
  },
  QRY2003: {
    next: 'retry',
    title: 'Qualys had a fault',
    why: 'The server answered with an internal error, a proxy error or maintenance.',
    fix: 'Nothing, if it passes; Qualys publishes maintenance on its status page.',
  },
  QRY2004: {
    next: 'retry',
    title: 'Host name cannot be resolved',
    why: 'The name service does not know the host, or did not answer.',
    fix: 'Check the spelling of platform, api_url or proxy, and the name service of this machine.',
  },
  QRY2005: {
    next: 'retry',
    title: 'Answer damaged on its way',
    why: 'The compressed answer does not have the checksum it was sent with.',
    fix: 'Nothing, if it passes; else look for a proxy or firewall that changes answers.',
  },
  QRY2010: {
    next: 'stop_connection',
    title: 'Qualys refused the credentials',
    why: 'User name or password is wrong, the account has no API access, or the platform is not the one the account lives on.',
    fix: 'Check user, password and platform; Quarry does not try again by itself, so that the account is not locked.',
  },
  QRY2011: {
    next: 'stop_connection',
    title: 'The Qualys account cannot be used',
    why: 'The account is expired, inactive, not yet registered, or needs a second factor that API calls cannot give.',
    fix: 'Have a Qualys manager mend the account, then start again.',
  },
  QRY2012: {
    next: 'stop_stream',
    title: 'The account may not read this data set',
    why: 'The licence or the role does not allow this API.',
    fix: 'Give the user the permission the data set names, or leave the data set out.',
  },
  QRY2020: {
    next: 'retry',
    title: 'Rate limit reached',
    why: 'The subscription has used its calls for this API.',
    fix: 'Nothing: Quarry waits until calls are free again.',
  },
  QRY2021: {
    next: 'retry',
    title: 'Concurrency limit reached',
    why: 'As many calls of this API as the subscription allows are running.',
    fix: 'Nothing: Quarry waits until one has ended.',
  },
  QRY2022: {
    next: 'retry',
    title: 'Limit or permission',
    why: 'Qualys refused the call with 409 and no code: a limit, or a permission.',
    fix: 'Nothing, if it passes; else check the limits and permissions of the account.',
  },
  QRY2030: {
    next: 'stop_stream',
    title: 'Qualys did not accept the request',
    why: 'A parameter was unknown, missing or wrong for this endpoint version.',
    fix: 'Check the options of the data set; if they are right, report it.',
  },
  QRY2031: {
    next: 'stop_stream',
    title: 'The endpoint does not exist on this platform',
    why: 'Neither the newest nor the previous version of the endpoint is there.',
    fix: 'Check the platform or api_url; set the data set option api_version if yours differs.',
  },
  QRY2032: {
    next: 'stop_connection',
    title: 'Refused to follow to another origin',
    why: 'A redirect led to another host, port or scheme, where credentials must not go.',
    fix: 'Set api_url to the address Qualys means.',
  },
  QRY2033: {
    next: 'stop_stream',
    title: 'Paging does not come to an end',
    why: 'The next page Qualys named was read already.',
    fix: 'Report it to Qualys with the parameters shown.',
  },
  QRY2034: {
    next: 'retry',
    title: 'Not an answer of this API',
    why: 'A web page or another document came where an answer was due: maintenance, a login page or a proxy in between.',
    fix: 'Nothing, if it passes; else open api_url in a browser and look.',
  },
  QRY2035: {
    next: 'retry',
    title: 'Not ready yet',
    why: 'Qualys has taken the request and is still working on it.',
    fix: 'Nothing: the same request is sent again later.',
  },
  QRY2036: {
    next: 'retry',
    title: 'The report or scan cannot be fetched',
    why: 'It does not exist, or it is not finished yet; Qualys answers both alike.',
    fix: 'Nothing, if it passes; else check that it still exists.',
  },
  QRY2040: {
    next: 'stop_connection',
    title: 'Certificate of an unknown authority',
    why: 'The server shows a certificate that no known authority has signed: a company proxy opens the connection, or someone else answers.',
    fix: "Add your company's authority with tls.ca. Quarry does not go on without verification.",
  },
  QRY2041: {
    next: 'stop_connection',
    title: 'Certificate expired or not valid yet',
    why: 'The date of the certificate and the clock of this machine do not agree.',
    fix: "Check the clock of this machine; if it is right, the server's owner must renew the certificate.",
  },
  QRY2042: {
    next: 'stop_connection',
    title: 'Certificate for another name',
    why: 'The certificate does not name the host that was asked for.',
    fix: 'Check platform or api_url; if they are right, someone else answers in its place.',
  },
  QRY2043: {
    next: 'retry',
    title: 'No secure connection',
    why: 'The encrypted connection could not be agreed on.',
    fix: 'Nothing, if it passes; else check firewall and proxy, and that the server speaks TLS 1.2 or newer.',
  },
  QRY2050: {
    next: 'stop_connection',
    title: 'The proxy refused the credentials',
    why: 'The proxy wants a user name and password, or other ones.',
    fix: 'Set proxy.username and proxy.password. Quarry never goes around the proxy.',
  },
  QRY2051: {
    next: 'retry',
    title: 'The proxy cannot be used',
    why: 'The proxy cannot be reached, or would not open a connection to Qualys.',
    fix: 'Check proxy.url, and that the proxy lets this host through. Quarry never goes around the proxy.',
  },
  QRY3001: {
    next: 'isolate',
    title: 'Malformed answer',
    why: 'The answer is not well-formed at the byte named.',
    fix: 'Nothing: the page is read again and, if need be, isolated down to the record.',
  },
  QRY3002: {
    next: 'retry',
    title: 'Answer cut off',
    why: 'The answer ended before its closing tag.',
    fix: 'Nothing: the page is read again.',
  },
  QRY3003: {
    next: 'isolate',
    title: 'Answer over a safety limit',
    why: 'Depth, name, text, record size, decompressed bytes or compression ratio passed the limit named.',
    fix: 'Nothing: the page is isolated; raise the limit only if the answer is genuine.',
  },
  QRY3004: {
    next: 'isolate',
    title: 'Forbidden document type declaration',
    why: 'An internal subset or an entity declaration stood in the answer; Quarry never expands or fetches those.',
    fix: 'Find out who answers in Qualys’s place.',
  },
  QRY3005: {
    next: 'isolate',
    title: 'A record lacks part of its identity',
    why: 'The key field named was absent or not of its form.',
    fix: 'Nothing: the page is isolated; report it if it stays.',
  },
  QRY4001: {
    next: 'retry',
    title: 'Disk full',
    why: 'The disk, quota or file-size limit under the data directory is used up.',
    fix: 'Free space; Quarry pauses pulling, goes on delivering, and resumes by itself.',
  },
  QRY4002: {
    next: 'stop_process',
    title: 'The disk reports an input/output error',
    why: 'A write or sync failed, so what was written may not be on the disk.',
    fix: 'Check the disk, then start again; nothing unconfirmed was counted as kept.',
  },
  QRY4003: {
    next: 'stop_process',
    title: 'The database is damaged',
    why: 'The file is not a database or its pages contradict each other.',
    fix: 'Keep a copy, restore a backup, or start with an empty data directory; ids stay the same where Qualys names the time.',
  },
  QRY4004: {
    next: 'stop_process',
    title: 'The data directory is in use',
    why: 'Another collector holds it.',
    fix: 'Stop the other one, or give this one a data_dir of its own. Reading commands work beside it.',
  },
  QRY4005: {
    next: 'stop_process',
    title: 'The data directory cannot be used',
    why: 'It is missing, read-only, or not ours to write.',
    fix: 'Check path, owner and mode.',
  },
  QRY4006: {
    next: 'retry',
    title: 'Too many open files',
    why: 'The process or the machine has used up its file descriptors.',
    fix: 'Raise the limit (ulimit -n); Quarry tries again by itself.',
  },
  QRY4007: {
    next: 'stop_process',
    title: 'PostgreSQL cannot be reached',
    why: 'The server did not accept the connection.',
    fix: 'Check database_url, the server and its access rules.',
  },
  QRY4008: {
    next: 'stop_process',
    title: 'The database is of another version',
    why: 'A newer Quarry has changed the schema, and this one does not know it.',
    fix: 'Use the newer version, or restore the copy made before the upgrade.',
  },
  QRY4010: {
    next: 'stop_stream',
    title: 'Another writer owns this stream',
    why: 'The fence number moved on: someone else claimed the stream, or its state was reset.',
    fix: 'Nothing, if it was meant; else make sure only one collector runs.',
  },
  QRY4011: {
    next: 'retry',
    title: 'The key table changed under the page',
    why: 'Another stream of the same subscription wrote the same keys meanwhile.',
    fix: 'Nothing: the page is read again.',
  },
  QRY4012: {
    next: 'stop_process',
    title: 'A stored batch is damaged',
    why: 'Its bytes do not have the checksum they were written with.',
    fix: 'Check the disk; `quarry outbox status` names the batch. Its events can be read again after `quarry state reset`.',
  },
  QRY5001: {
    next: 'retry',
    title: 'The sink cannot be written',
    why: 'A file or folder of the sink cannot be made or written.',
    fix: 'Check path, owner and mode; `quarry sink test NAME` tries again.',
  },
  QRY5002: {
    next: 'retry',
    title: 'The sink’s disk is full',
    why: 'The disk, quota or file-size limit under the sink’s path is used up.',
    fix: 'Free space; delivery goes on by itself.',
  },
  QRY6001: {
    next: 'stop_process',
    title: 'Not confirmed',
    why: 'The command changes what cannot be changed back, and nobody confirmed it.',
    fix: 'Confirm when asked, or give --yes.',
  },
  QRY6002: {
    next: 'stop_process',
    title: 'No such stream',
    why: 'A stream is named connection/dataset.',
    fix: '`quarry state list` shows them.',
  },
  QRY6003: {
    next: 'stop_process',
    title: 'No such sink, connection or data set',
    why: 'The name is not in the configuration.',
    fix: 'Use one of those named.',
  },
  QRY6004: {
    next: 'stop_process',
    title: 'An option makes no sense',
    why: 'The value given is not of the form the option takes.',
    fix: 'See --help.',
  },
  QRY6010: {
    next: 'stop_process',
    title: 'The address is taken',
    why: 'Another program listens on the address of the HTTP server, or it is not one of this machine.',
    fix: 'Choose another with server.listen or QUARRY_LISTEN, or run without one: --no-server.',
  },
  QRY7001: {
    next: 'stop_process',
    title: 'The simulator cannot be started',
    why: 'A number or a fault makes no sense.',
    fix: 'See `quarry simulate --help`.',
  },
  QRY7002: {
    next: 'stop_process',
    title: 'Not a folder of the demo',
    why: 'The demo empties its folder when its world changes, so it takes none that holds other data.',
    fix: 'Give another --data-dir.',
  },
  QRY9001: {
    next: 'stop_stream',
    title: 'A defect in Quarry',
    why: 'Something happened that should not be possible.',
    fix: 'Please report it with the output of `quarry version` and the lines before this one.',
  },
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof CATALOGUE;
