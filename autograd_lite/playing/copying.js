// @ts-check
// What can be taken away: the weights as JSON, and the Python that makes this model, these data, this training.

/** The weights as load_state_dict takes them. */
const weightsText = () => JSON.stringify(stateOf(P), null, 1);

/** All numbers of the model by their names; those that are not trained stay as they are. @param {Float64Array} numbers */
const stateOf = (numbers) => ({ ...data.kept, ...Object.fromEntries(data.keys.map((key, at) => [key, numbers[at]])) });

/** The Python that comes to the same: the same model, start, examples and settings. */
function codeText() {
  const rule = data.rules[settings.rule];
  const rows = inputsOf().map((row) => `    ${JSON.stringify(data.single.x ? row[0] : row)},`);
  const targets = JSON.stringify(targetsOf().map((row) => (data.single.y ? row[0] : row)));
  const decay = rule.decays ? `, weight_decay=${settings.decay}` : "";
  return `from autograd_lite import fit, losses, nn, optim

${data.code.model}
model.load_state_dict(${JSON.stringify(stateOf(start))})

X = [
${rows.join("\n")}
]
y = ${targets}

history = fit(
    model, ${data.code.loss}, X, y,
    optimizer=${rule.code.replace("{rate}", String(settings.rate)).replace("{decay}", decay)},
    epochs=${Math.max(1, epochs)}, batch_size=${Math.min(settings.batch, examples.count)},
)
print(history.engine)
`;
}

/** Show a text to be taken, and put it on the clipboard where that is allowed. @param {string} name @param {string} text */
function take(name, text) {
  $("taken").hidden = false;
  $("takenName").textContent = name;
  $("text").value = text;
  const refused = () => {
    $("copied").textContent = "Select the text below and copy it.";
    $("text").select();
  };
  try {
    navigator.clipboard.writeText(text).then(() => ($("copied").textContent = `${name}: copied, and shown below.`), refused);
  } catch {
    refused();
  }
}
