using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Hostile;

/// <summary>Arguments that the classification models and the encoder cannot take.</summary>
public sealed class HostileClassificationInputTests
{
    private DisposeScope _scope = null!;

    private static T5GemmaInputs Good => new() { InputIds = SampleModel.SourceIds(), AttentionMask = SampleModel.SourceMask() };

    private static IEnumerable<ModelClass> Classifiers => ModelClass.All.Skip(2);

    [SetUp]
    public void OpenScope() => _scope = NewDisposeScope();

    [TearDown]
    public void CloseScope() => _scope.Dispose();

    [TestCaseSource(nameof(Classifiers))]
    public void Forward_BadIds_NamesThem(object source)
    {
        using var model = SampleModel.Random((ModelClass)source);
        var expected = ModelClass.Call(model, Good)[0];
        var tooLarge = SampleModel.SourceIds();
        tooLarge[0, 6] = 61;
        var negative = SampleModel.SourceIds();
        negative[0, 0] = -1;
        using (Assert.EnterMultipleScope())
        {
            foreach (var ids in new[] { tooLarge, negative })
                Assert.That(() => ModelClass.Call(model, Good with { InputIds = ids }), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("inputIds: expected ids from 0 to 60"));
            foreach (var ids in new[] { SampleModel.SourceIds().to(ScalarType.Int32), ones(7, dtype: ScalarType.Int64), ones(2, 0, dtype: ScalarType.Int64) })
                Assert.That(() => ModelClass.Call(model, Good with { InputIds = ids }), Throws.ArgumentException.With.Message.Contains("inputIds: expected int64"));
            Assert.That(() => ModelClass.Call(model, new() { AttentionMask = SampleModel.SourceMask() }), Throws.ArgumentException.With.Message.Contains("inputIds"));
            Assert.That(() => ModelClass.Call(model, Good with { AttentionMask = ones(2, 5) }), Throws.ArgumentException.With.Message.Contains("attentionMask"));
        }
        ParameterAssert.Equal(ModelClass.Call(model, Good)[0], expected, "after all refusals");
    }

    [TestCaseSource(nameof(Classifiers))]
    public void Forward_EmbeddingsAlone_WorkOnlyWithoutADecoder(object source)
    {
        var modelClass = (ModelClass)source;
        using var model = SampleModel.Random(modelClass);
        var inputs = new T5GemmaInputs { InputsEmbeds = randn(2, 7, 24) };
        if (modelClass.IsEncoderDecoder)
            Assert.That(() => ModelClass.Call(model, inputs), Throws.TypeOf<NotSupportedException>().With.Message.Contains("inputIds"));
        else
            Assert.That(ModelClass.Call(model, inputs)[0].isfinite().all().item<bool>(), Is.True);
    }

    [Test]
    public void Forward_SequenceLabelsThatDoNotFit_AreNamed([Values] bool isEncoderDecoder)
    {
        using var model = (T5GemmaForSequenceClassification)SampleModel.Random(ModelClass.All[isEncoderDecoder ? 3 : 4], SampleModel.Config.WithNumLabels(3));
        using (Assert.EnterMultipleScope())
        {
            foreach (var label in new long[] { 3, -1, -99 })
                Assert.That(() => model.call(Good with { Labels = tensor(new[] { 0, label }) }), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains($"labels: expected 0 to 2, or -100 to ignore, got {label}"));
            Assert.That(() => model.call(Good with { Labels = tensor(new long[] { 0, 1, 2 }) }), Throws.ArgumentException.With.Message.Contains("labels"));
            Assert.That(() => model.call(Good with { Labels = tensor(new[] { 0, 1 }) }), Throws.ArgumentException.With.Message.Contains("labels").And.Message.Contains("Int32"));
            Assert.That(() => model.call(Good with { Labels = tensor(new float[] { 0, 1 }) }), Throws.ArgumentException.With.Message.Contains("labels").And.Message.Contains("[2, 3]"));
            Assert.That(model.call(Good with { Labels = tensor(new long[] { 2, 0 }) }).Loss!.isfinite().item<bool>(), Is.True); // there are labels
        }
    }

    [TestCase(ProblemType.Regression)]
    [TestCase(ProblemType.MultiLabelClassification)]
    public void Forward_IntegerLabelsForValues_AreNamed(ProblemType problemType)
    {
        using var model = (T5GemmaForSequenceClassification)SampleModel.Random(ModelClass.All[3], SampleModel.Config.WithNumLabels(3) with { ProblemType = problemType });
        Assert.That(() => model.call(Good with { Labels = ones(2, 3, dtype: ScalarType.Int64) }), Throws.ArgumentException.With.Message.Contains("floating [2, 3]"));
        Assert.That(model.call(Good with { Labels = ones(2, 3) }).Loss!.isfinite().item<bool>(), Is.True); // there are labels
    }

    [Test]
    public void Forward_ValuesOfAnotherLayout_AreRefused()
    {
        using var model = (T5GemmaForSequenceClassification)SampleModel.Random(ModelClass.All[3], SampleModel.Config.WithNumLabels(3) with { ProblemType = ProblemType.MultiLabelClassification });
        Assert.That(() => model.call(Good with { Labels = ones(3, 2) }), Throws.ArgumentException.With.Message.Contains("floating [2, 3]"), "as many values, but transposed");
    }

    [Test]
    public void Forward_TokenLabelsThatDoNotFit_AreNamed([Values] bool isEncoderDecoder)
    {
        using var model = (T5GemmaForTokenClassification)SampleModel.Random(ModelClass.All[isEncoderDecoder ? 5 : 6], SampleModel.Config.WithNumLabels(3));
        var labels = zeros(2, 7, dtype: ScalarType.Int64);
        labels[1, 6] = 3;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => model.call(Good with { Labels = labels }), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("labels: expected 0 to 2, or -100 to ignore, got 3"));
            Assert.That(() => model.call(Good with { Labels = zeros(2, dtype: ScalarType.Int64) }), Throws.ArgumentException.With.Message.Contains("labels: expected int64 [2, 7]"));
            Assert.That(() => model.call(Good with { Labels = zeros(2, 7) }), Throws.ArgumentException.With.Message.Contains("labels: expected int64 [2, 7]"));
        }
    }

    [Test]
    public void Forward_BatchWithoutPaddingId_IsRefused()
    {
        var config = SampleModel.Config with { Decoder = SampleModel.Config.Decoder with { PadTokenId = null }, IsEncoderDecoder = false };
        using var model = (T5GemmaForSequenceClassification)SampleModel.Random(ModelClass.All[4], config);
        Assert.That(() => model.call(Good), Throws.ArgumentException.With.Message.Contains("pad_token_id"));
    }

    [Test]
    public void Forward_SequenceClassifierWithDecoderEmbeddings_IsRefusedOrPools()
    {
        using var model = (T5GemmaForSequenceClassification)SampleModel.Random(ModelClass.All[3]);
        var inputs = Good with { DecoderInputsEmbeds = randn(2, 4, 20) };
        // Positions beyond the decoder's length are clamped, so the call is sound.
        Assert.That(model.call(inputs).Logits.shape, Is.EqualTo(new long[] { 2, 2 }));
    }
}
