using NUnit.Framework;
using T5GemmaSharp.Training.Optimization;

namespace T5GemmaSharp.Tests.Training.Optimization;

public sealed class WeightDecayRuleTests
{
    [TestCase("model.encoder.layers.0.self_attn.q_proj.weight", 0.1)]
    [TestCase("model.decoder.embed_tokens.weight", 0.1)]
    [TestCase("model.encoder.layers.0.self_attn.q_proj.bias", 0)]
    [TestCase("model.encoder.layers.0.post_feedforward_layernorm.weight", 0)]
    [TestCase("model.decoder.norm.weight", 0)]
    [TestCase("block.q_norm.weight", 0)]
    [TestCase("block.normal.weight", 0.1)]
    public void For_Name_DecaysAllButNormsAndBiases(string name, double expected) => Assert.That(new WeightDecayRule(0.1).For(name), Is.EqualTo(expected));

    [TestCase("model.decoder.embed_tokens.weight", 0)]
    [TestCase("lm_head.out_proj.weight", 0.1)]
    public void For_EmbeddingsThatDoNotDecay_LeavesThemAlone(string name, double expected)
        => Assert.That(new WeightDecayRule(0.1, DecaysEmbeddings: false).For(name), Is.EqualTo(expected));
}
