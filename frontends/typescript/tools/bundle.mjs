// Puts the modules that tsc has written to dist/ into two files, since a thread or child that starts pays for each file that it
// loads. Run by `npm run build`, after tsc; without it the package works the same and starts more slowly.
//
//   dist/bundle/step.js    what threads and children need to run steps
//   dist/bundle/worker.js  the rest of the package
//
// Every module becomes a function that runs once, in the order of imports, and gives its exports. Its own file stays, and
// exports them from the bundle, so that whatever path a module is imported by, there is one of it. Programs, which nobody
// imports, keep their code.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const MARK = '// From the bundle: tools/bundle.mjs.';
/** What threads and children begin with; the first two say what belongs to `step.js`. */
const STEP_PROGRAMS = ['executors/threads/thread-main.js', 'executors/process/child.js'];
const PROGRAMS = [...STEP_PROGRAMS, 'executors/process/broker.js'];
const ENTRIES = ['index.js', 'native/index.js', 'events/index.js', ...PROGRAMS];

/**
 * @typedef {object} Module
 * @property {string} file absolute
 * @property {string} id name of its exports in the bundle
 * @property {ts.SourceFile} source
 * @property {Map<string, string>} exports name to the expression that gives it
 * @property {'step' | 'worker'} part
 */

/** @param {ts.Node} node */
const isExported = (node) =>
  ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;

/** @param {ts.Statement} statement */
function specifierOf(statement) {
  const isLink = ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement);
  return isLink && statement.moduleSpecifier !== undefined ? statement.moduleSpecifier.text : null;
}

class Bundle {
  /**
   * @param {string} root absolute path of dist/
   * @param {readonly string[]} entries
   * @param {readonly string[]} programs
   */
  constructor(root, entries, programs) {
    this.root = root;
    this.programs = programs;
    /** @type {Map<string, Module>} by file, each after all that it imports */
    this.modules = new Map();
    /** @type {Map<string, string>} name of each external module's namespace */
    this.externals = new Map();
    for (const entry of entries) this.read(join(root, entry), []);
    const stepFiles = new Set();
    for (const program of STEP_PROGRAMS.filter((each) => programs.includes(each))) {
      this.reach(join(root, program), stepFiles);
    }
    for (const module of this.modules.values()) module.part = stepFiles.has(module.file) ? 'step' : 'worker';
  }

  /**
   * @param {string} file
   * @param {readonly string[]} importers
   */
  read(file, importers) {
    if (importers.includes(file)) throw new Error(`import cycle: ${[...importers, file].join(' -> ')}`);
    if (this.modules.has(file)) return;
    const source = ts.createSourceFile(
      file,
      readFileSync(file, 'utf8'),
      ts.ScriptTarget.ES2022,
      true,
      ts.ScriptKind.JS,
    );
    for (const specifier of source.statements.map(specifierOf)) {
      if (specifier?.startsWith('.')) this.read(resolve(dirname(file), specifier), [...importers, file]);
      else if (specifier !== null && !this.externals.has(specifier)) {
        this.externals.set(specifier, `external${this.externals.size}`);
      }
    }
    const id = `module${this.modules.size}`;
    const module = { file, id, source, exports: new Map(), part: /** @type {const} */ ('worker') };
    this.modules.set(file, module);
    this.collectExports(module);
  }

  /**
   * @param {string} file
   * @param {Set<string>} found
   */
  reach(file, found) {
    if (found.has(file)) return;
    found.add(file);
    for (const specifier of this.get(file).source.statements.map(specifierOf)) {
      if (specifier?.startsWith('.')) this.reach(resolve(dirname(file), specifier), found);
    }
  }

  /** @param {string} file @returns {Module} */
  get(file) {
    const module = this.modules.get(file);
    if (module === undefined) throw new Error(`${file} is in no bundle`);
    return module;
  }

  /** The name of what a statement of `file` imports from. @param {string} file @param {string} specifier */
  nameOf(file, specifier) {
    return specifier.startsWith('.')
      ? this.get(resolve(dirname(file), specifier)).id
      : /** @type {string} */ (this.externals.get(specifier));
  }

  /** @param {Module} module */
  collectExports({ file, source, exports }) {
    for (const statement of source.statements) {
      if (ts.isExportDeclaration(statement)) {
        const specifier = specifierOf(statement);
        const from = specifier === null ? '' : `${this.nameOf(file, specifier)}.`;
        if (statement.exportClause === undefined) {
          const target = this.get(resolve(dirname(file), /** @type {string} */ (specifier)));
          for (const name of target.exports.keys()) exports.set(name, `${from}${name}`);
        } else if (ts.isNamedExports(statement.exportClause)) {
          for (const { name, propertyName } of statement.exportClause.elements) {
            exports.set(name.text, `${from}${(propertyName ?? name).text}`);
          }
        } else {
          throw new Error(`${file}: \`export * as\` can not be bundled`);
        }
      } else if (ts.isVariableStatement(statement) && isExported(statement)) {
        // What may change after it was exported would need a getter.
        if ((statement.declarationList.flags & ts.NodeFlags.Const) === 0) {
          throw new Error(`${file}: an exported variable that is no const can not be bundled`);
        }
        for (const { name } of statement.declarationList.declarations) exports.set(name.getText(), name.getText());
      } else if ((ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && isExported(statement)) {
        const name = statement.name?.text;
        if (name === undefined) throw new Error(`${file}: a default export can not be bundled`);
        exports.set(name, name);
      } else if (ts.isExportAssignment(statement)) {
        throw new Error(`${file}: a default export can not be bundled`);
      }
    }
  }

  /**
   * The code of a module with its imports and exports taken out, as it stands in the file `target`.
   *
   * @param {Module} module
   * @param {string} target absolute
   */
  codeOf({ file, source }, target) {
    const pathTo = (/** @type {string} */ path) => relativePath(target, resolve(dirname(file), path));
    const result = ts.transform(source, [
      (context) => (root) => {
        const { factory } = context;
        /** @param {ts.Node} node @returns {ts.Node | undefined} */
        const visit = (node) => {
          if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return undefined;
          const isUrl = ts.isPropertyAccessExpression(node) && node.getText() === 'import.meta.url';
          if (isUrl && target !== file) {
            const own = factory.createStringLiteral(relativePath(target, file));
            const url = factory.createNewExpression(factory.createIdentifier('URL'), undefined, [own, node]);
            return factory.createPropertyAccessExpression(url, 'href');
          }
          const imports = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
          const [path] = imports ? node.arguments : [];
          if (imports && path !== undefined && ts.isStringLiteral(path) && path.text.startsWith('.')) {
            return factory.createCallExpression(node.expression, undefined, [
              factory.createStringLiteral(pathTo(path.text)),
            ]);
          }
          if (node.kind === ts.SyntaxKind.ExportKeyword) return undefined;
          return ts.visitEachChild(node, visit, context);
        };
        return /** @type {ts.SourceFile} */ (ts.visitEachChild(root, visit, context));
      },
    ]);
    const [transformed = source] = result.transformed;
    return this.importsOf(file, source) + ts.createPrinter({ removeComments: true }).printFile(transformed);
  }

  /** Imports of a module as constants. @param {string} file @param {ts.SourceFile} source */
  importsOf(file, source) {
    let text = '';
    for (const statement of source.statements) {
      if (!ts.isImportDeclaration(statement) || statement.importClause === undefined) continue;
      const from = this.nameOf(file, /** @type {string} */ (specifierOf(statement)));
      const { name, namedBindings } = statement.importClause;
      const members = name === undefined ? [] : [`default: ${name.text}`];
      if (namedBindings !== undefined && ts.isNamespaceImport(namedBindings)) {
        text += `const ${namedBindings.name.text} = ${from};\n`;
      } else if (namedBindings !== undefined) {
        for (const { name: own, propertyName } of namedBindings.elements) {
          members.push(propertyName === undefined ? own.text : `${propertyName.text}: ${own.text}`);
        }
      }
      if (members.length > 0) text += `const { ${members.join(', ')} } = ${from};\n`;
    }
    return text;
  }

  /** Imports at the head of a file for the names that its text uses. @param {string} target @param {string} text */
  headOf(target, text) {
    const used = new Set(text.match(/\b(?:module|external)\d+\b/g));
    const externals = [...this.externals].filter(([, name]) => used.has(name));
    const lines = externals.map(([specifier, name]) => `import * as ${name} from '${specifier}';\n`);
    for (const part of /** @type {const} */ (['step', 'worker'])) {
      const file = this.fileOf(part);
      const ids = [...this.modules.values()].filter((module) => module.part === part && used.has(module.id));
      if (file !== target && ids.length > 0) {
        lines.push(`import { ${ids.map(({ id }) => id).join(', ')} } from '${relativePath(target, file)}';\n`);
      }
    }
    return lines.join('');
  }

  /** @param {'step' | 'worker'} part */
  fileOf(part) {
    return join(this.root, 'bundle', `${part}.js`);
  }

  /** @param {Module} module */
  isProgram({ file }) {
    return this.programs.includes(relative(this.root, file));
  }

  /** @param {'step' | 'worker'} part */
  textOf(part) {
    const target = this.fileOf(part);
    const own = [...this.modules.values()].filter((module) => module.part === part && !this.isProgram(module));
    const text = own
      .map((module) => {
        const given = [...module.exports].map(([name, value]) => (name === value ? name : `${name}: ${value}`));
        return `const ${module.id} = (() => {\n${this.codeOf(module, target)}return { ${given.join(', ')} };\n})();\n`;
      })
      .join('');
    return `${MARK}\n${this.headOf(target, text)}${text}export { ${own.map(({ id }) => id).join(', ')} };\n`;
  }

  /** What stays in a module's own file. @param {Module} module */
  ownText(module) {
    if (this.isProgram(module)) {
      const text = this.codeOf(module, module.file);
      return `${MARK}\n${this.headOf(module.file, text)}${text}`;
    }
    const names = [...module.exports.keys()];
    const text = names.length === 0 ? 'export {};\n' : `export const { ${names.join(', ')} } = ${module.id};\n`;
    return `${MARK}\n${this.headOf(module.file, text)}${text}`;
  }

  /** All files of the bundle, by path. */
  files() {
    const texts = new Map();
    for (const part of /** @type {const} */ (['step', 'worker'])) texts.set(this.fileOf(part), this.textOf(part));
    for (const module of this.modules.values()) texts.set(module.file, this.ownText(module));
    return texts;
  }
}

/** @param {string} from file @param {string} to file */
function relativePath(from, to) {
  const path = relative(dirname(from), to);
  return path.startsWith('.') ? path : `./${path}`;
}

/**
 * Bundles what tsc has written. Does nothing when that has been done since.
 *
 * @param {string} root absolute path of dist/
 * @param {readonly string[]} [entries] what users and runtimes begin with
 * @param {readonly string[]} [programs] those of the entries that nobody imports, relative to `root`
 */
export function bundle(root, entries = ENTRIES, programs = PROGRAMS) {
  if (readFileSync(join(root, 'index.js'), 'utf8').startsWith(MARK)) return;
  const files = new Bundle(root, entries, programs).files();
  mkdirSync(join(root, 'bundle'), { recursive: true });
  for (const [file, text] of files) {
    writeFileSync(file, text);
    if (existsSync(`${file}.map`)) rmSync(`${file}.map`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) bundle(fileURLToPath(new URL('../dist', import.meta.url)));
