import { ensureEmulators } from '../../tools/aws-emulators/python.ts';

/** Before any test of the project `aws`: without the emulators none of them can say anything. */
export default async function install(): Promise<void> {
  await ensureEmulators();
}
