// Names in the output folder.
import { join } from 'node:path';

/** Paths of what a run leaves in its output folder. */
export function outputFiles(outputDir: string): { html: string; json: string; summary: string } {
  return {
    html: join(outputDir, 'report.html'),
    json: join(outputDir, 'report.json'),
    summary: join(outputDir, 'summary.json'),
  };
}
