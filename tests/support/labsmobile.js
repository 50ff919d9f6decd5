// Calls methods of npm's labsmobile-sms, unchanged but for its address: FOLDER URL LOGIN TOKEN CALLS, where CALLS is
// JSON: [method, model, arguments of the model, properties of the model] each. A JSON line on stdout a call.
const [folder, url, login, token, calls] = process.argv.slice(2)
const load = name => require(`${folder}/node_modules/labsmobile-sms/src/${name}`)
const Client = load('LabsMobileClient')

console.log = () => {} // it prints stack traces there
const client = new Client(login, token)
client._urlBase = url

async function main () {
  for (const [method, model, args, properties] of JSON.parse(calls)) {
    const body = model ? Object.assign(new (load(model))(...args), properties) : undefined
    let line
    try {
      const answer = await client[method](body)
      line = answer === undefined ? { lost: true } : { answer }
    } catch (error) {
      line = { error: error.constructor.name, status: error.status, message: error.message }
    }
    process.stdout.write(JSON.stringify(line) + '\n')
  }
}

main()
