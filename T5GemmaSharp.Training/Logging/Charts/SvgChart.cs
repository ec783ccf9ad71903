using System.Globalization;
using System.Security;
using System.Text;

namespace T5GemmaSharp.Training.Logging.Charts;

/// <summary>Draws a chart: title, legend, axes with ticks, lines.</summary>
internal static class SvgChart
{
    /// <summary>Width with all margins.</summary>
    public const int Width = 480;

    /// <summary>Height with all margins.</summary>
    public const int Height = 280;

    private const int Left = 64;
    private const int Right = Width - 20;
    private const int Top = 56;
    private const int Bottom = Height - 44;
    private const int Colors = 8;
    private const int MostPoints = 1000; // more than a chart has columns of pixels
    private const int CharacterWidth = 7;

    public static void Write(StringBuilder svg, Chart chart, int left, int top)
    {
        var points = chart.Lines.SelectMany(line => line.Points).ToList();
        var (x, y) = (ChartAxis.ForSteps(points.Max(point => point.X)), ChartAxis.ForValues([.. points.Select(point => point.Y)], chart.IsEven));
        Append(svg, $"""<g transform="translate({left} {top})">""");
        Append(svg, $"""<text class="title" x="{Left}" y="24">{SecurityElement.Escape(chart.Title)}</text>""");
        foreach (var tick in y.Ticks)
        {
            var height = Bottom - (y.Place(tick) * (Bottom - Top));
            Append(svg, $"""<line class="grid" x1="{Left}" x2="{Right}" y1="{height:0.#}" y2="{height:0.#}"/><text x="{Left - 8}" y="{height + 4:0.#}" text-anchor="end">{ChartAxis.Label(tick)}</text>""");
        }

        foreach (var tick in x.Ticks)
        {
            var place = Left + (x.Place(tick) * (Right - Left));
            Append(svg, $"""<line class="axis" x1="{place:0.#}" x2="{place:0.#}" y1="{Bottom}" y2="{Bottom + 5}"/><text x="{place:0.#}" y="{Bottom + 19}" text-anchor="middle">{ChartAxis.Label(tick)}</text>""");
        }

        Append(svg, $"""<path class="axis" fill="none" d="M{Left} {Top}V{Bottom}H{Right}"/><text x="{(Left + Right) / 2}" y="{Bottom + 36}" text-anchor="middle">step</text>""");
        if (chart.Lines.Count > 1)
            WriteLegend(svg, chart.Lines);
        for (var index = 0; index < chart.Lines.Count; index++)
            WriteLine(svg, chart.Lines[index].Points, index % Colors, x, y);
        svg.Append("</g>\n");
    }

    private static void WriteLegend(StringBuilder svg, IReadOnlyList<ChartLine> lines)
    {
        const int Sample = 18;
        const int Gap = 6;
        var place = Left;
        for (var index = 0; index < lines.Count; index++)
        {
            Append(svg, $"""<line class="line s{index % Colors}" x1="{place}" x2="{place + Sample}" y1="40" y2="40"/><text x="{place + Sample + Gap}" y="44">{SecurityElement.Escape(lines[index].Name)}</text>""");
            place += Sample + (2 * Gap) + (lines[index].Name.Length * CharacterWidth);
        }
    }

    private static void WriteLine(StringBuilder svg, IReadOnlyList<(double X, double Y)> points, int color, ChartAxis x, ChartAxis y)
    {
        var every = (points.Count + MostPoints - 1) / MostPoints;
        var drawn = points.Where((_, index) => index % every == 0 || index == points.Count - 1)
            .Select(point => (X: Left + (x.Place(point.X) * (Right - Left)), Y: Bottom - (y.Place(point.Y) * (Bottom - Top)))).ToList();
        var path = string.Join('L', drawn.Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.X:0.#} {point.Y:0.#}")));
        if (drawn.Count == 1) // a line of one point cannot be seen
            Append(svg, $"""<circle class="line s{color}" cx="{drawn[0].X:0.#}" cy="{drawn[0].Y:0.#}" r="3"/>""");
        else
            Append(svg, $"""<path class="line s{color}" d="M{path}"/>""");
    }

    private static void Append(StringBuilder svg, FormattableString element) => svg.Append(element.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
