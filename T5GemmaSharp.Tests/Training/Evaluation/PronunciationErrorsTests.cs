using NUnit.Framework;
using T5GemmaSharp.Training.Evaluation;

namespace T5GemmaSharp.Tests.Training.Evaluation;

public sealed class PronunciationErrorsTests
{
    [Test]
    public void Add_WorkedExample_GivesBothRates()
    {
        var errors = new PronunciationErrors();
        errors.Add("HH AH L OW", ["HH EH L OW", "HH AH L OW"]); // right: the second one matches; 0 of 4
        errors.Add("K AE T S", ["K AE T"]);                     // one too many; 1 of 3
        errors.Add("", ["D AO G"]);                             // nothing said; 3 of 3
        errors.Add("R EH D", ["R IY D Z", "R EY D"]);           // the second is nearer; 1 of 3
        Assert.Multiple(() =>
        {
            Assert.That(errors.Words, Is.EqualTo(4));
            Assert.That(errors.WordErrorRate, Is.EqualTo(3.0 / 4).Within(1e-12));
            Assert.That(errors.PhonemeErrorRate, Is.EqualTo(5.0 / 13).Within(1e-12));
        });
    }

    [Test]
    public void Add_EquallyNearPronunciations_CountsTheFirstListed()
    {
        var errors = new PronunciationErrors();
        errors.Add("A B", ["A C", "A B C"]); // one edit from either; the first has two phonemes
        Assert.That(errors.PhonemeErrorRate, Is.EqualTo(1.0 / 2).Within(1e-12));
    }

    [Test]
    public void Rates_NoWords_AreZero()
        => Assert.That((new PronunciationErrors().WordErrorRate, new PronunciationErrors().PhonemeErrorRate), Is.EqualTo((0.0, 0.0)));

    [Test]
    public void Add_NoPronunciation_Throws()
        => Assert.That(() => new PronunciationErrors().Add("A", []), Throws.ArgumentException.With.Message.Contains("at least one"));
}
