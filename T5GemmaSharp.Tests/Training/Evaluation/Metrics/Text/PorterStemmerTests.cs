using NUnit.Framework;
using T5GemmaSharp.Training.Evaluation.Metrics.Text;

namespace T5GemmaSharp.Tests.Training.Evaluation.Metrics.Text;

/// <summary>The words are those of Porter's paper, carried through all steps, and one or more for every extension.</summary>
public sealed class PorterStemmerTests
{
    [TestCase("caresses", "caress")]
    [TestCase("ponies", "poni")]
    [TestCase("cats", "cat")]
    [TestCase("feed", "feed")]
    [TestCase("agreed", "agre")]
    [TestCase("plastered", "plaster")]
    [TestCase("bled", "bled")]
    [TestCase("motoring", "motor")]
    [TestCase("sing", "sing")]
    [TestCase("conflated", "conflat")]
    [TestCase("troubled", "troubl")]
    [TestCase("sized", "size")]
    [TestCase("hopping", "hop")]
    [TestCase("falling", "fall")]
    [TestCase("hissing", "hiss")]
    [TestCase("fizzed", "fizz")]
    [TestCase("failing", "fail")]
    [TestCase("filing", "file")]
    [TestCase("happy", "happi")]
    [TestCase("relational", "relat")]
    [TestCase("conditional", "condit")]
    [TestCase("rational", "ration")]
    [TestCase("hesitancy", "hesit")]
    [TestCase("digitizer", "digit")]
    [TestCase("vietnamization", "vietnam")]
    [TestCase("decisiveness", "decis")]
    [TestCase("hopefulness", "hope")]
    [TestCase("sensitivity", "sensit")]
    [TestCase("triplicate", "triplic")]
    [TestCase("formative", "form")]
    [TestCase("electrical", "electr")]
    [TestCase("goodness", "good")]
    [TestCase("revival", "reviv")]
    [TestCase("adjustable", "adjust")]
    [TestCase("replacement", "replac")]
    [TestCase("adoption", "adopt")]
    [TestCase("communism", "commun")]
    [TestCase("probate", "probat")]
    [TestCase("rate", "rate")]
    [TestCase("cease", "ceas")]
    [TestCase("controlling", "control")]
    [TestCase("roll", "roll")]
    [TestCase("generalizations", "gener")]
    [TestCase("by", "by")]
    [TestCase("2024s", "2024")]
    public void Stem_WordOfThePaper_IsItsStem(string word, string expected)
        => Assert.That(PorterStemmer.Stem(word), Is.EqualTo(expected));

    [TestCase("dies", "die")]
    [TestCase("died", "die")]
    [TestCase("spied", "spi")]
    [TestCase("flies", "fli")]
    [TestCase("enjoy", "enjoy")]
    [TestCase("spy", "spi")]
    [TestCase("radically", "radic")]
    [TestCase("possibly", "possibl")]
    [TestCase("hopefully", "hope")]
    [TestCase("geology", "geolog")]
    [TestCase("using", "use")] // a vowel and a consonant alone get their e back, and keep it
    [TestCase("skies", "sky")]
    [TestCase("dying", "die")]
    [TestCase("news", "news")]
    [TestCase("innings", "inning")]
    [TestCase("succeed", "succeed")]
    public void Stem_WordOfAnExtension_IsNltksStem(string word, string expected)
        => Assert.That(PorterStemmer.Stem(word), Is.EqualTo(expected));
}
