import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '../../..');
const POM = join(HERE, 'pom.xml');
const JAVA_MIN = 17;
const DOWNLOADS_MAX = 3;
const OUTPUT_TAIL = 2_000;

/** The broker cannot be had on this machine; the message says what is missing. */
export class KafkaMissing extends Error {
  name = 'KafkaMissing';
}

/** One folder for each list of jars, so that a changed list never meets old jars. */
const jarsFolder = () => {
  const list = createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 12);
  return join(ROOT, 'node_modules/.cache/verdict-kafka', `lib-${list}`);
};

const javaCommand = () => {
  const { JAVA_HOME: home } = process.env;
  return home === undefined || home === '' ? 'java' : join(home, 'bin/java');
};

/** 0 when there is none. */
const javaMajor = () => {
  const { stderr, stdout } = spawnSync(javaCommand(), ['-version'], { encoding: 'utf8' });
  return Number(/version "(\d+)/.exec(`${stderr ?? ''}${stdout ?? ''}`)?.[1] ?? 0);
};

const hasMaven = () => spawnSync('mvn', ['--version'], { stdio: 'ignore' }).status === 0;

/** What keeps this machine from running the broker, as a sentence; undefined when nothing does. */
export const whatIsMissing = () => {
  const major = javaMajor();
  if (major < JAVA_MIN) {
    const found = major === 0 ? 'none was found' : `found Java ${major}`;
    return `a Kafka broker needs Java ${JAVA_MIN} or newer (JAVA_HOME or java on the PATH): ${found}`;
  }
  if (existsSync(jarsFolder()) || hasMaven()) return undefined;
  return 'a Kafka broker needs Maven (mvn on the PATH) to fetch its jars once: it was not found';
};

const download = (folder) => {
  const goal = ['-q', '-B', '-f', POM, 'dependency:copy-dependencies', `-DoutputDirectory=${folder}`];
  for (let attempt = 1; ; attempt += 1) {
    const { status, stdout, stderr } = spawnSync('mvn', goal, { encoding: 'utf8' });
    if (status === 0) return;
    if (attempt === DOWNLOADS_MAX) {
      throw new KafkaMissing(`Maven could not fetch the jars of Kafka:\n${`${stdout}${stderr}`.slice(-OUTPUT_TAIL)}`);
    }
  }
};

/**
 * Java and the jars of the broker, fetched from Maven Central when they are not there yet.
 * @throws KafkaMissing when Java or Maven is not there, or the jars cannot be fetched.
 */
export const openToolchain = () => {
  const missing = whatIsMissing();
  if (missing !== undefined) throw new KafkaMissing(missing);
  const jars = jarsFolder();
  if (!existsSync(jars)) {
    mkdirSync(dirname(jars), { recursive: true });
    const draft = mkdtempSync(`${jars}.`);
    try {
      download(draft);
      // Whole or not at all: somebody else may fetch at the same time.
      if (!existsSync(jars)) renameSync(draft, jars);
    } catch (error) {
      if (!existsSync(jars)) throw error;
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }
  return {
    java: javaCommand(),
    classPath: join(jars, '*'),
    logging: `-Dlog4j.configuration=file:${join(HERE, 'log4j.properties')}`,
  };
};
