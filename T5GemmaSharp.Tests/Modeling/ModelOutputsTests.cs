using NUnit.Framework;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Modeling;

public sealed class ModelOutputsTests
{
    private const double Tolerance = 2e-6;
    private const int Layers = 3;
    private const int EncoderLayers = 2;

    [Test]
    public void Forward_EveryChild_RunsItsHooks()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel(TinyModels.Config with { TieWordEmbeddings = false });
        var called = new HashSet<string>();
        foreach (var (name, module) in model.named_modules().Where(pair => pair.name.Length > 0))
            Register(module, () => called.Add(name));
        model.call(Inputs());
        var containers = model.named_modules().Where(pair => pair.module is TorchSharp.Modules.ModuleList<T5GemmaEncoderLayer> or TorchSharp.Modules.ModuleList<T5GemmaDecoderLayer>);
        var expected = model.named_modules().Select(pair => pair.name).Except(containers.Select(pair => pair.name)).Where(name => name.Length > 0);
        Assert.That(called, Is.EquivalentTo(expected));
    }

    [Test]
    public void Forward_HookThatReplacesAnOutput_TakesEffect()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var expected = model.call(Inputs()).Logits;
        var hook = model.Model.Decoder.Layers[1].Mlp.register_forward_hook((_, _, output) => output * 0);
        Assert.That(model.call(Inputs()).Logits.RelativeDistance(expected), Is.GreaterThan(0.01));
        hook.remove();
        TensorAssert.Close(model.call(Inputs()).Logits, expected, 0, "after the hook's removal");
    }

    [Test]
    public void Forward_EncoderOutputsGiven_EqualsRunningTheEncoder()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var inputs = Inputs() with { OutputHiddenStates = true, OutputAttentions = true };
        var encoded = model.Model.Encoder.call(inputs.ForEncoder());
        var runs = 0;
        model.Model.Encoder.register_forward_hook((_, _, output) =>
        {
            runs++;
            return output;
        });
        var actual = model.call(inputs with { InputIds = null, EncoderOutputs = encoded });
        Assert.That(runs, Is.Zero, "the encoder is not run again");
        var expected = model.call(inputs);
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Close(actual.Logits, expected.Logits, 0, "logits");
            Assert.That(actual.EncoderLastHiddenState, Is.SameAs(encoded.LastHiddenState));
            Assert.That(actual.EncoderHiddenStates, Is.SameAs(encoded.HiddenStates));
            Assert.That(actual.EncoderAttentions, Is.SameAs(encoded.Attentions));
        }
    }

    [Test]
    public void Forward_Embeddings_EqualIds()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var inputs = Inputs();
        var embedded = inputs with
        {
            InputIds = null,
            InputsEmbeds = model.Model.Encoder.EmbedTokens.call(inputs.InputIds!),
            DecoderInputIds = null,
            DecoderInputsEmbeds = model.Model.Decoder.EmbedTokens.call(inputs.DecoderInputIds!),
        };
        TensorAssert.Close(model.call(embedded).Logits, model.call(inputs).Logits, 0, "logits");
    }

    [Test]
    public void Forward_ExplicitPositions_EqualTheDefault()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var inputs = Inputs();
        var positions = inputs with { PositionIds = torch.arange(9).unsqueeze(0), DecoderPositionIds = torch.arange(7).unsqueeze(0).repeat(2, 1) };
        var stretched = inputs with { PositionIds = torch.arange(9).unsqueeze(0) * 3 };
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Close(model.call(positions).Logits, model.call(inputs).Logits, Tolerance, "0, 1, 2 ...");
            Assert.That(model.call(stretched).Logits.RelativeDistance(model.call(inputs).Logits), Is.GreaterThan(1e-3), "0, 3, 6 ...");
        }
    }

    [Test]
    public void Forward_OptionalOutputs_HaveTheDocumentedLengthsAndShapes()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var output = model.call(Inputs() with { OutputHiddenStates = true, OutputAttentions = true });
        var plain = model.Model.call(Inputs());
        using (Assert.EnterMultipleScope())
        {
            AssertShapes(output.EncoderHiddenStates, EncoderLayers + 1, [2, 9, 20]);
            AssertShapes(output.DecoderHiddenStates, Layers + 1, [2, 7, 24]);
            AssertShapes(output.EncoderAttentions, EncoderLayers, [2, 4, 9, 9]);
            AssertShapes(output.DecoderAttentions, Layers, [2, 6, 7, 7]);
            AssertShapes(output.CrossAttentions, Layers, [2, 6, 7, 9]);
            Assert.That(output.EncoderHiddenStates![^1], Is.SameAs(output.EncoderLastHiddenState));
            TensorAssert.Close(output.DecoderHiddenStates[^1], plain.LastHiddenState, 0, "the last is the final norm's output");
            Assert.That(plain.DecoderHiddenStates, Is.EqualTo(new[] { plain.LastHiddenState }).Using<Tensor>(ReferenceEquals), "only the last, unless all are asked for");
            Assert.That(new[] { plain.EncoderHiddenStates, plain.EncoderAttentions, plain.DecoderAttentions, plain.CrossAttentions }, Is.All.Null);
            foreach (var weights in output.EncoderAttentions!.Concat(output.DecoderAttentions!).Concat(output.CrossAttentions!))
                TensorAssert.Close(weights.sum(-1), torch.ones(weights.shape[..^1]), 1e-5, "probabilities");
        }
    }

    [Test]
    public void Forward_HiddenStates_AreInputsOfTheLayers()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var inputsOfLayers = new List<Tensor>();
        foreach (var layer in model.Model.Decoder.Layers)
            layer.register_forward_pre_hook((_, input) =>
            {
                inputsOfLayers.Add(input.HiddenStates);
                return input;
            });
        var states = model.call(Inputs() with { OutputHiddenStates = true }).DecoderHiddenStates;
        var embedded = model.Model.Decoder.EmbedTokens.call(Inputs().DecoderInputIds!) * Math.Sqrt(24);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(states.SkipLast(1), Is.EqualTo(inputsOfLayers).Using<Tensor>(ReferenceEquals));
            TensorAssert.Close(states[0], embedded, Tolerance, "the first is the scaled embedding");
        }
    }

    [Test]
    public void Forward_CallersScope_OwnsTheOutputsAndNothingElse([Values] bool all, [Values] bool useCache, [Values] bool training)
    {
        using var model = TinyModels.LanguageModel(TinyModels.Config with { DropoutRate = 0.1, AttentionDropout = 0.1 });
        if (training)
            model.train();
        using var outer = NewDisposeScope();
        var inputs = Inputs() with { Labels = TinyModels.Ids(2, 7, seed: 13), OutputHiddenStates = all, OutputAttentions = all, UseCache = useCache };
        outer.Attach(inputs.InputIds!);
        var before = LiveTensors.Count;
        using (var scope = NewDisposeScope())
        {
            var output = model.call(inputs);
            var cached = output.PastKeyValues is { } cache ? 4 * cache.SelfAttentionCache.Layers.Count : 0;
            Assert.That(LiveTensors.Count - before, Is.EqualTo(Tensors(output).Distinct(ReferenceEqualityComparer.Instance).Count() + cached), "live tensors");
            Assert.That(scope.DisposablesView, Has.Count.EqualTo(LiveTensors.Count - before), "all of them in the caller's scope");
        }
        Assert.That(LiveTensors.Count, Is.EqualTo(before), "nothing outlives the scope");
    }

    [Test]
    public void Forward_Classifiers_LeaveTheirOutputsOnly([Values] bool all, [Values] bool isEncoderDecoder)
    {
        using var sequence = TinyModels.SequenceClassifier(options: new() { IsEncoderDecoder = isEncoderDecoder });
        using var token = TinyModels.TokenClassifier(options: new() { IsEncoderDecoder = isEncoderDecoder });
        using var outer = NewDisposeScope();
        var inputs = new T5GemmaInputs { InputIds = TinyModels.Ids(2, 9), OutputHiddenStates = all, OutputAttentions = all };
        var (classes, tags) = (torch.tensor(new[] { 2L, 0L }), TinyModels.Ids(2, 9).remainder(3));
        var layers = isEncoderDecoder ? Layers : EncoderLayers;
        var expected = 2 + (all ? 2 * layers + 1 : 0); // logits, loss; one state more than layers
        var before = LiveTensors.Count;
        using (NewDisposeScope())
        {
            sequence.call(inputs with { Labels = classes });
            Assert.That(LiveTensors.Count - before, Is.EqualTo(expected), "sequence");
        }
        using (NewDisposeScope())
        {
            token.call(inputs with { Labels = tags });
            Assert.That(LiveTensors.Count - before, Is.EqualTo(expected), "token");
        }
        Assert.That(LiveTensors.Count, Is.EqualTo(before));
    }

    private static T5GemmaInputs Inputs() => new()
    {
        InputIds = TinyModels.Ids(2, 9),
        AttentionMask = torch.ones([2, 9], dtype: ScalarType.Int64),
        DecoderInputIds = TinyModels.Ids(2, 7, seed: 9, vocabSize: 47),
    };

    private static IEnumerable<Tensor> Tensors(Seq2SeqLMOutput output)
    {
        IEnumerable<IReadOnlyList<Tensor>?> lists =
            [[output.Logits, output.Loss!, output.EncoderLastHiddenState], output.DecoderHiddenStates, output.DecoderAttentions, output.CrossAttentions, output.EncoderHiddenStates, output.EncoderAttentions];
        return lists.OfType<IReadOnlyList<Tensor>>().SelectMany(tensors => tensors);
    }

    private static void AssertShapes(IReadOnlyList<Tensor>? tensors, int count, long[] shape) =>
        Assert.That(tensors!.Select(tensor => tensor.shape), Is.EqualTo(Enumerable.Repeat(shape, count)));

    private static void Register(nn.Module module, Action onCall)
    {
        switch (module)
        {
            case nn.Module<Tensor, Tensor> typed: typed.register_forward_hook((_, _, output) => Seen(output)); break;
            case nn.Module<Tensor, Tensor, Tensor> typed: typed.register_forward_hook((_, _, _, output) => Seen(output)); break;
            case T5GemmaRotaryEmbedding typed: typed.register_forward_hook((_, _, _, output) => Seen(output)); break;
            case T5GemmaModel typed: typed.register_forward_hook((_, _, output) => Seen(output)); break;
            case T5GemmaEncoder typed: typed.register_forward_hook((_, _, output) => Seen(output)); break;
            case T5GemmaDecoder typed: typed.register_forward_hook((_, _, output) => Seen(output)); break;
            case T5GemmaDecoderLayer typed: typed.register_forward_hook((_, _, output) => Seen(output)); break;
            case T5GemmaCrossAttention typed: typed.register_forward_hook((_, _, output) => Seen(output)); break;
            case nn.Module<T5GemmaSelfAttentionInputs, AttentionOutput> typed: typed.register_forward_hook((_, _, output) => Seen(output)); break;
        }

        T Seen<T>(T output)
        {
            onCall();
            return output;
        }
    }
}
