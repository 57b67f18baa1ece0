// Judges requests with @cloud-copilot/iam-simulate: a JSON array of simulations on stdin, of results on stdout.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { readFileSync } from 'node:fs'

const require = createRequire(pathToFileURL(`${process.argv[2]}/`))
const { runSimulation } = require('@cloud-copilot/iam-simulate')

const results = []
for (const simulation of JSON.parse(readFileSync(0, 'utf8'))) {
  const response = await runSimulation(simulation, {})
  results.push(response.resultType === 'error' ? `error: ${JSON.stringify(response.errors)}` : response.overallResult)
}
process.stdout.write(JSON.stringify(results))
