using NUnit.Framework;
using T5GemmaSharp.Training.Data.Files.Labels;

namespace T5GemmaSharp.Tests.Training.Data.Files.Labels;

public sealed class LabelTableTests
{
    private static readonly LabelTable Table = new(["no", "yes"]);

    [Test]
    public void IdOf_Name_IsItsPlace() => Assert.That((Table.IdOf("no"), Table.IdOf("yes"), Table.Count), Is.EqualTo((0, 1, 2)));

    [Test]
    public void IdOf_OtherName_SaysWhichThereAre()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => Table.IdOf("No"), Throws.TypeOf<FormatException>().With.Message.EqualTo("label: expected one of no, yes, got No"));
            Assert.That(() => LabelTable.Unnamed(12).IdOf("x"), Throws.TypeOf<FormatException>().With.Message.EndsWith("LABEL_8, LABEL_9 and 2 more, got x"));
        });
    }

    [TestCase(-1)]
    [TestCase(2)]
    public void Demand_OutsideOfTheTable_Throws(int id)
        => Assert.That(() => Table.Demand(id), Throws.TypeOf<FormatException>().With.Message.EqualTo($"label: expected an id from 0 to 1, got {id}"));

    [Test]
    public void Create_NoNameOrOneTwice_Throws()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => new LabelTable([]), Throws.ArgumentException.With.Message.StartsWith("names: expected at least one"));
            Assert.That(() => new LabelTable(["a", "b", "a"]), Throws.ArgumentException.With.Message.StartsWith("names: expected each once, got a twice"));
        });
    }
}
