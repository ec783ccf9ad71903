using NUnit.Framework;
using T5GemmaSharp.Training.Evaluation.Metrics.Text;

namespace T5GemmaSharp.Tests.Training.Evaluation.Metrics.Text;

public sealed class SquadTextTests
{
    [TestCase("The Eiffel Tower!", "eiffel tower")]
    [TestCase("  a\tdog \n", "dog")]
    [TestCase("O'Neil", "oneil")]
    [TestCase("the-cat", "thecat")] // punctuation goes first
    [TestCase("anthem theatre a1", "anthem theatre a1")]
    [TestCase("An A. The", "")]
    [TestCase("naïve “the” 5€", "naïve “ ” 5€")] // only ASCII's punctuation goes
    [TestCase("the\u0301", "\u0301")]            // a combining mark is no letter for Python's boundary
    [TestCase("İX", "i\u0307x")]
    public void Normalize_Answer_IsSquads(string answer, string expected)
        => Assert.That(string.Join(' ', SquadText.Normalize(answer)), Is.EqualTo(expected));

    [TestCase("The dog.", "dog", 1, 1)]
    [TestCase("the big red dog", "a red dog", 0, 0.8)] // two words of three and of two: 2*2/(3+2)
    [TestCase("dog dog", "dog", 0, 2 / 3.0)]           // one of two and of one: 2*1/(2+1)
    [TestCase("dog red", "red dog", 0, 1)]
    [TestCase("cat", "dog", 0, 0)]
    [TestCase("", "dog", 0, 0)]
    [TestCase("dog", "", 0, 0)]
    [TestCase("", "the", 1, 1)]
    public void Comparisons_Answers_AreSquads(string prediction, string reference, double exactMatch, double f1)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(SquadText.ExactMatch(prediction, reference), Is.EqualTo(exactMatch));
            Assert.That(SquadText.F1(prediction, reference), Is.EqualTo(f1).Within(1e-12));
        }
    }
}
