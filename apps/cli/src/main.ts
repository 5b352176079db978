import { run } from './run.js';
import { systemIo } from './system-io.js';
import { lostOutput } from './lost-output.js';

const argv = process.argv.slice(2);
const io = systemIo();

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough (`verdict ... | head`) is not an error; the exit code is what it is.
  if (error.code === 'EPIPE') process.exit();
  process.exit(lostOutput(error, argv, io));
});
// Nobody reads what went wrong: the exit code says it all the same.
process.stderr.on('error', () => undefined);

await run(argv, io);
