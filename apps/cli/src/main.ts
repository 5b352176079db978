import { run } from './run.js';
import { systemIo } from './system-io.js';

// A reader that has seen enough (`verdict ... | head`) is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

await run(process.argv.slice(2), systemIo());
