// Replays what transformers computed for a checkpoint, and shows how far this library is from it; exit code 1 above a tolerance.
//
//   python scripts/export_reference.py --out reference            (or take a folder of T5GemmaSharp.Tests/Fixtures/Parity)
//   dotnet run -c Release scripts/parity.cs -- reference/balanced [cpu|cuda]
//
// The tests replay more of such a folder: generation, training, heads, positions. This is the short form for a check of one's own.

#:project ../T5GemmaSharp/T5GemmaSharp.csproj

using System.Globalization;
using T5GemmaSharp;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using static TorchSharp.torch;

const double LogitsTolerance = 2e-4;
const double AttentionsTolerance = 2e-5;
const double LossTolerance = 1e-5;
const double GradientTolerance = 1e-4;

if (args.Length is not (1 or 2) || !File.Exists(Path.Combine(args[0], "cases.safetensors")))
{
    Console.Error.WriteLine("usage: dotnet run -c Release scripts/parity.cs -- FOLDER [cpu|cuda]; FOLDER is one that scripts/export_reference.py wrote");
    return 2;
}

var device = new Device(args.ElementAtOrDefault(1) ?? "cpu");
using var cases = SafetensorsFile.Open(Path.Combine(args[0], "cases.safetensors"));
var keys = cases.Entries.Select(entry => entry.Name).ToHashSet();
var isWithin = true;
foreach (var pad in new[] { "right", "left" })
{
    Forward($"fwd.{pad}.eager", AttentionImplementation.Eager);
    Forward($"fwd.{pad}.sdpa", AttentionImplementation.Sdpa);
}

Backward("grad");
return isWithin ? 0 : 1;

// One forward pass: logits and loss, and where they are stored the states and probabilities of every layer.
void Forward(string group, AttentionImplementation attention)
{
    if (!keys.Contains($"{group}.logits"))
        return;
    using var scope = NewDisposeScope();
    using var noGrad = no_grad();
    using var model = Load(attention);
    var isRecorded = keys.Contains($"{group}.encoder_hidden_states.0");
    var output = model.call(Inputs(group) with { OutputHiddenStates = isRecorded, OutputAttentions = isRecorded });
    Show($"{group}.logits", Difference(output.Logits, Read($"{group}.logits")), LogitsTolerance);
    var loss = Read($"{group}.loss");
    Show($"{group}.loss, relative", ((output.Loss! - loss) / loss).abs().item<float>(), LossTolerance);
    if (!isRecorded)
        return;
    Largest("encoder_hidden_states", output.EncoderHiddenStates!, LogitsTolerance);
    Largest("decoder_hidden_states", output.DecoderHiddenStates, LogitsTolerance);
    Largest("encoder_attentions", output.EncoderAttentions!, AttentionsTolerance);
    Largest("decoder_attentions", output.DecoderAttentions!, AttentionsTolerance);
    Largest("cross_attentions", output.CrossAttentions!, AttentionsTolerance);

    void Largest(string name, IReadOnlyList<Tensor> layers, double tolerance) =>
        Show($"{group}.{name}", Worst(layers.Index().Select(layer => Difference(layer.Item, Read($"{group}.{name}.{layer.Index}")))), tolerance);
}

// One backward pass: the gradient of every parameter, by its name.
void Backward(string group)
{
    if (!keys.Contains($"{group}.loss"))
        return;
    using var scope = NewDisposeScope();
    using var model = Load(AttentionImplementation.Eager);
    model.train();
    model.call(Inputs(group)).Loss!.backward();
    var expected = model.named_parameters().ToDictionary(pair => pair.name, pair => Read($"{group}.param.{pair.name}"));
    var all = expected.Values.Sum(gradient => gradient.square().sum().item<float>());
    var worst = Worst(model.named_parameters().Select(pair =>
        (pair.parameter.grad! - expected[pair.name]).norm().item<float>() / Math.Max(expected[pair.name].norm().item<float>(), 1e-3 * Math.Sqrt(all))));
    Show($"{group}: {expected.Count} parameters, relative norm", worst, GradientTolerance);
}

T5GemmaForConditionalGeneration Load(AttentionImplementation attention) =>
    T5GemmaForConditionalGeneration.FromPretrained(Path.Combine(args[0], "lm"), new PretrainedOptions { Attention = attention, Device = device });

T5GemmaInputs Inputs(string group) => new()
{
    InputIds = Read($"{group}.input_ids"),
    AttentionMask = Read($"{group}.attention_mask"),
    Labels = Read($"{group}.labels"),
};

Tensor Read(string key) => cases.Read(key).to(device);

// Max of LINQ leaves NaN out.
static double Worst(IEnumerable<double> differences) => differences.Aggregate(0.0, Math.Max);

static double Difference(Tensor actual, Tensor expected) => (actual - expected).abs().max().item<float>();

void Show(string what, double difference, double tolerance)
{
    isWithin &= difference <= tolerance; // NaN is not
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-50} {difference:E1}  tolerance {tolerance:E0}{(difference <= tolerance ? "" : "  EXCEEDED")}"));
}
