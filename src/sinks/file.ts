import { resolve } from 'node:path';
import { z } from 'zod';
import { FORMATS } from '../core/sink.ts';
import { defineSink } from './define.ts';
import { openFiles } from './file/files.ts';

/** Files of one event a line: `<path>/<connection>/<dataset>/<dataset>-<number>.ndjson`, safe to tail. */
export default defineSink({
  type: 'file',
  title: 'Files',
  about: 'NDJSON files, one folder per connection and data set.',
  config: z.object({
    path: z.string().min(1).meta({ description: 'Folder for the files; made when missing.' }),
    rotate: z
      .number()
      .int()
      .positive()
      .default(256 << 20)
      .meta({ description: 'A new file is begun when one has reached this size (256MiB).' }),
  }),
  capabilities: { guarantee: 'effectively once', formats: FORMATS, batchBytes: 8 << 20 },
  libraries: [],
  testedAgainst: 'the file system',
  open: async (config, { baseDir }) => openFiles(resolve(baseDir, config.path), config.rotate),
});
